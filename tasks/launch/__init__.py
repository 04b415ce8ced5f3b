"""Launch: build a release, start its services, keep them up."""
