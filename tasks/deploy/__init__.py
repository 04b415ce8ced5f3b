"""Deploy: move traffic to a new release without dropping a request."""
