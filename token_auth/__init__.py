"""Logins carried by the client: a signed access token, and a refresh token whose hash is in a database.

This folder is the core: it imports nothing of the project. What the lab adds to it is in `blueprint/`.
"""

from .errors import BadKeyRing
from .key_ring import KeyRing

__all__ = ["BadKeyRing", "KeyRing"]
