"""The flows that users start: one for each capability, and `ship`, which composes them."""
