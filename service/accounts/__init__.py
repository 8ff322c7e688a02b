"""The members of the lab: who they are, how a password is checked, and who may try how often.

This package knows nothing of sessions or tokens; whoever keeps logins is told of a `Change`.
"""

from service.accounts.identity import Identity
from service.accounts.members import Change, Member, Members

__all__ = ["Change", "Identity", "Member", "Members"]
