"""The members of the lab: who they are, how a password is checked, and who may try how often.

This package knows nothing of sessions or tokens; whoever keeps logins is notified of a `MemberChange`.
"""

from service.accounts.identity import Identity
from service.accounts.members import Member, MemberChange, Members

__all__ = ["Identity", "Member", "MemberChange", "Members"]
