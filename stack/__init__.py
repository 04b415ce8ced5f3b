"""`make up`, `make down` and `make status`: starts, stops and shows the resident processes."""
