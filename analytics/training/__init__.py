"""Trains the models, judges them against their baselines, and publishes what they predict."""
