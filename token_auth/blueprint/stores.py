"""The lab's token stores: refresh tokens in the member database, and a denylist in the store that nodes share."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Protocol

from sqlalchemy import Connection, and_, select

from service.accounts.database import Database
from service.accounts.members import members
from service.store.connection import StoreCommands, WrongKind
from token_auth import denylist
from token_auth.denylist import ENDED, Denial, Denylist
from token_auth.store import RefreshTokens
from token_auth.tables import TABLES, families

REFRESH_TABLES = TABLES  # created by `Database.create_tables` with the member database's other tables


class MemberRefreshTokens(RefreshTokens):
    """Refresh tokens in the member database. Transactions appear in the trace and raise the service's errors."""

    def __init__(self, database: Database, name: str) -> None:
        super().__init__(database.engine, name)
        self._database = database

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with self._database.reading() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        with self._database.writing() as connection:
            yield connection

    def owner_of(self, jti: str) -> tuple[str | None, str | None]:
        """Return the owner of a refresh token, and the owner's role unless disabled. One query for both."""
        active = and_(members.c.username == families.c.user_id, members.c.disabled.is_(False))
        owner = select(families.c.user_id, members.c.role).outerjoin_from(families, members, active)
        with self.reading() as connection:
            found = connection.execute(owner.where(*self._has(jti))).one_or_none()
        return (None, None) if found is None else (found[0], found[1])

    def _lock_user(self, connection: Connection, user_id: str) -> None:
        """Lock the member's row, if the database locks rows. So concurrent first log-ins are counted one by one too."""
        connection.execute(select(members.c.role).where(members.c.username == user_id).with_for_update()).one()


class LabDenylist(Denylist, Protocol):
    """A denylist whose entries the lab can show."""

    def ttl_s(self, login_id: str) -> float | None:
        """Return the seconds until the login's entry is deleted; None if there is no entry."""


class NoDenylist(denylist.NoDenylist):
    """The denylist of `/token`: there is none."""

    def ttl_s(self, login_id: str) -> float | None:
        return None


class RedisDenylist:
    """The denylist of `/hybrid`: one look-up per request, as a session needs.

    An entry is the role that tokens must have, or empty for an ended login: no role has an empty name.
    """

    def __init__(self, store: StoreCommands, prefix: str) -> None:
        self._store = store
        self._prefix = prefix

    def deny(self, login_id: str, ttl_s: int) -> None:
        key = self._key(login_id)
        self._store.described(f"SET {key} EX {ttl_s}", "SET", key, "", "EX", ttl_s)

    def require_role(self, login_id: str, role: str, ttl_s: int) -> None:
        # Never overwrite the entry of an ended login. NX alone would also keep an older role, so a script decides.
        with suppress(WrongKind):  # counts as an ended login, see `find`
            self._store.command("EVAL", REQUIRE_ROLE, 1, self._key(login_id), role, ttl_s)

    def find(self, login_id: str) -> Denial | None:
        try:
            entry = self._store.command("GET", self._key(login_id))
        except WrongKind:  # an unreadable entry refuses the token
            return ENDED
        if entry is None:
            return None
        return Denial(entry.decode(errors="replace")) if entry else ENDED

    def ttl_s(self, login_id: str) -> float | None:
        milliseconds: int = self._store.command("PTTL", self._key(login_id))
        return milliseconds / 1000 if milliseconds >= 0 else None

    def _key(self, login_id: str) -> str:
        return f"{self._prefix}denied:{login_id}"


REQUIRE_ROLE = """
if redis.call('GET', KEYS[1]) == '' then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
return 1
"""
