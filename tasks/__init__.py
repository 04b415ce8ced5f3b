"""The capabilities of Slipway, one package each, and the modules that they share."""
