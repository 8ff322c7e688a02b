"""The members: who they are, how a password is checked, and how many log-in attempts are allowed.

This package is independent of sessions and tokens. Each approach receives a `MemberChange` when a member changes.
"""

from service.accounts.identity import Identity
from service.accounts.members import Member, MemberChange, Members

__all__ = ["Identity", "Member", "MemberChange", "Members"]
