"""What the flows that change services share: exclusive use of a project, and their remarks."""
