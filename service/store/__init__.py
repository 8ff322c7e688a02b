"""The service's way to the store, and what it needs of one."""
