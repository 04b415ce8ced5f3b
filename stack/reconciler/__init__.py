"""The reconciler: brings what is back to what is meant, every few seconds."""
