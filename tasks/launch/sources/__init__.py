"""Sources: how the tree of a project at a version is found, checked and fetched."""
