"""Logins kept on the server: an opaque id in a cookie, and the record that it finds."""
