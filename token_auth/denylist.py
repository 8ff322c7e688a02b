"""What is held against access tokens that are still good by themselves. No twin: a session that has ended is deleted.

An application that wants access tokens to be revoked at once passes a `Denylist` over a store that its processes share;
it pays a look-up on every request for it, as a session does.
"""

from typing import Protocol


class Denylist(Protocol):
    """Which logins' access tokens are no longer what they say. What its methods raise reaches the caller."""

    def deny(self, login_id: str, ttl_s: int) -> None:
        """Refuse the login's access tokens from now on."""

    def require_role(self, login_id: str, role: str, ttl_s: int) -> None:
        """Refuse those of the login's access tokens that claim another role. Never over a login that is denied."""

    def find(self, login_id: str) -> str | None:
        """Return `ENDED`, the role that tokens have to claim, or None if nothing is held against the login."""


ENDED = ""  # no role has this name


class NoDenylist:
    """An access token is never looked up, and lives until it expires."""

    def deny(self, login_id: str, ttl_s: int) -> None:
        return

    def require_role(self, login_id: str, role: str, ttl_s: int) -> None:
        return

    def find(self, login_id: str) -> str | None:
        return None
