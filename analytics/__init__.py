"""Learns from run history; only the flow module knows Prefect."""
