"""What is held against access tokens that are still good by themselves: nothing on `/token`, a look-up on `/hybrid`.

No twin among the session modules: a session that has ended is deleted.
"""

from contextlib import suppress
from typing import Protocol

from store_connection import StoreConnection, WrongKind


class Denylist(Protocol):
    """Which logins' access tokens are no longer what they say."""

    def deny(self, login_id: str, ttl_s: int) -> None:
        """Refuse the login's access tokens from now on."""

    def require_role(self, login_id: str, role: str, ttl_s: int) -> None:
        """Refuse those of the login's access tokens that claim another role."""

    def find(self, login_id: str) -> str | None:
        """Return `ENDED`, the role that tokens have to claim, or None if nothing is held against the login."""


ENDED = ""  # no role has this name


class NoDenylist:
    """For `/token`: an access token is never looked up, and lives until it expires."""

    def deny(self, login_id: str, ttl_s: int) -> None:
        return

    def require_role(self, login_id: str, role: str, ttl_s: int) -> None:
        return

    def find(self, login_id: str) -> str | None:
        return None


class RedisDenylist:
    """For `/hybrid`: one look-up a request, as a session pays it."""

    def __init__(self, store: StoreConnection, prefix: str) -> None:
        self._store = store
        self._prefix = prefix

    def deny(self, login_id: str, ttl_s: int) -> None:
        self._store.command("SET", self._key(login_id), ENDED, "EX", ttl_s)

    def require_role(self, login_id: str, role: str, ttl_s: int) -> None:
        # Never over an ended login: NX alone would keep an older role, so the two cases are told apart.
        with suppress(WrongKind):  # which counts as an ended login, below
            self._store.command("EVAL", REQUIRE_ROLE, 1, self._key(login_id), role, ttl_s)

    def find(self, login_id: str) -> str | None:
        try:
            entry = self._store.command("GET", self._key(login_id))
        except WrongKind:  # whoever wrote this did not mean to let anybody in
            return ENDED
        return None if entry is None else entry.decode(errors="replace")

    def _key(self, login_id: str) -> str:
        return f"{self._prefix}denied:{login_id}"


REQUIRE_ROLE = """
if redis.call('GET', KEYS[1]) == '' then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
return 1
"""
