"""A campaign that takes real projects through their whole life in Slipway."""
