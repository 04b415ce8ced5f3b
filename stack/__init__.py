"""What `make up`, `make down` and `make status` do: the four processes that always run."""
