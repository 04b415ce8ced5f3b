"""General statistical methods, which do not depend on runs or histories."""
