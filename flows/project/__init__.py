"""What the flows that change what serves have in common: exclusion, and what they remark."""
