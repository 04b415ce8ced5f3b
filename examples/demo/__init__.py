"""`python -m examples.demo`: one real project through every capability, over Prefect's API."""
