"""Instances: the processes of services, from the desired ones to their end."""
