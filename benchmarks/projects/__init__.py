"""Whether real projects, as people have them, go through their whole life in Slipway."""
