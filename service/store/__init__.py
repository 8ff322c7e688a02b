"""The connection to the store, and the check of what the lab needs from it."""
