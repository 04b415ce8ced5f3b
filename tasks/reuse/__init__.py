"""What a run takes over from former runs: what did not fail last time, and what did not change."""
