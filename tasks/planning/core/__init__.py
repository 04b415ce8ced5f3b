"""The values that planning computes on: problems, schedules, timelines, placements."""
