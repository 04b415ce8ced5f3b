"""Back up: consistent snapshots, and restores that are compared."""
