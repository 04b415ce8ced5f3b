"""What a user configures in the Prefect UI: one file an implementation beside its interface."""
