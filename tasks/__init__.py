"""One package a capability: `ls tasks/` is the list of what Slipway can do."""
