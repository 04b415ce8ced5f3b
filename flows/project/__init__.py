"""Shared by the flows that change what serves: exclusive use of a project, and their remarks."""
