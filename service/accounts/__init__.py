"""The members: who they are, how a password is checked, and how many log-in attempts are allowed.

This package is independent of sessions and tokens. Each approach receives a `Change` when a member changes.
"""

from service.accounts.identity import Identity
from service.accounts.members import Change, Member, Members

__all__ = ["Change", "Identity", "Member", "Members"]
