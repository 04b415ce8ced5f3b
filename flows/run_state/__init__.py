"""How a flow run ends: completed with remarks, failed with a reason, or terminated; no secret in it."""
