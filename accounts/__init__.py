"""The members of the lab: who they are, how a password is checked, and who may try how often.

This package knows nothing of sessions or tokens; whoever keeps logins listens to `member_changed`.
"""

from accounts.identity import Identity
from accounts.members import Change, Member, Members, member_changed

__all__ = ["Change", "Identity", "Member", "Members", "member_changed"]
