"""The migrations, one file for each revision, oldest first by name."""
