"""What a user starts: one flow a capability, and `ship`, which composes them."""
