"""The kill campaign: kills parts of a stack at many points of workloads, and looks at effects."""
