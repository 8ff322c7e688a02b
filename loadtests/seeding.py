"""Create logins in bulk with the lab's store classes: the records equal those of real logins. No password is hashed.

`python -m loadtests.seeding 1000 5000` creates that many sessions in the memory of a separate process, with the class
that a node uses, and prints the used memory after each number.
"""

import gc
import json
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import time

import msgspec
import psutil
from sqlalchemy.exc import SQLAlchemyError

import session_auth
import token_auth
from loadtests.lab import LabFailed
from service import errors
from service.accounts.database import Database
from service.config import DAY_S, Config
from session_auth.blueprint.credential import MemberRecord
from session_auth.blueprint.stores import MemorySessions
from session_auth.credential import hashed, new_id
from session_auth.sliding import IdleTime
from session_auth.store import IndexEntry, RedisSessions, SessionStore
from token_auth.blueprint.stores import MemberRefreshTokens
from token_auth.tables import Family

ABSOLUTE_S = 12 * 3600
PREFIX = Config.store_prefix
LOAD_MEMBERS = 1000
# Failures of the store and the member database.
FAILURES = (errors.StoreUnavailable, session_auth.StoreUnavailable, token_auth.StoreUnavailable, SQLAlchemyError)
AS_MANY_AS_ASKED = 1_000_000  # no limit: a member's oldest login must not end here


def name_of(number: int) -> str:
    """Return the member's name. It is as long as real ones, and longer from number 10,000 on."""
    return f"load-{number:04d}"


def log_in(store: SessionStore, number: int) -> str:
    """Write one member's login into `store`, and return its session id."""
    now, member = round(time(), 3), name_of(number)
    record = MemberRecord(member, "user", secrets.token_urlsafe(16), now, now + ABSOLUTE_S)
    sid = new_id()
    key = hashed(sid)
    entry = IndexEntry(record.login_id, now)
    if store.create(key, msgspec.json.encode(record), IdleTime(ABSOLUTE_S), member, entry, ABSOLUTE_S) == 0:
        raise RuntimeError("two random ids collided")
    return sid


@contextmanager
def saying_what_failed() -> Iterator[None]:
    """Turn failures of a store or database into `LabFailed`, so that a run handles only its own errors."""
    try:
        yield
    except FAILURES as error:
        raise LabFailed(f"logins could not be seeded: {error}") from error


class StoreSeeder:
    """Creates sessions in the shared store, up to a number."""

    def __init__(self, url: str) -> None:
        self.logins = 0
        self._sessions = RedisSessions(url, PREFIX)

    def up_to(self, logins: int) -> None:
        """Add what is missing to `logins`. Raise `LabFailed`."""
        with saying_what_failed():
            for number in range(self.logins + 1, logins + 1):
                log_in(self._sessions, number)
        self.logins = logins


class TokenSeeder:
    """Creates refresh tokens in the member database, up to a number, for the load members in turn."""

    def __init__(self, url: str) -> None:
        self.logins = 0
        self.database = Database(url)
        self._tokens = MemberRefreshTokens(self.database, "token")

    def up_to(self, logins: int) -> None:
        """Add what is missing to `logins`. Raise `LabFailed`."""
        with saying_what_failed():
            for number in range(self.logins, logins):
                self._log_in(name_of(number % LOAD_MEMBERS + 1))
        self.logins = logins

    def _log_in(self, username: str) -> None:
        now = time()
        family = Family(
            login_id=secrets.token_urlsafe(16),
            name="token",
            user_id=username,
            seed=secrets.token_hex(32),
            access_ttl_s=300,
            refresh_ttl_s=7 * DAY_S,
            created_at=now,
            expires_at=now + 30 * DAY_S,
        )
        self._tokens.create(family, secrets.token_hex(32), now + 7 * DAY_S, AS_MANY_AS_ASKED)


def node_memory(numbers: list[int]) -> Iterator[dict[str, int]]:
    """Yield, for each number of logins, by how many bytes this process has grown."""
    sessions, process = MemorySessions(), psutil.Process()
    log_in(sessions, 0)  # the first login has one-time costs
    gc.collect()
    before, there = process.memory_info().rss, 0
    for logins in numbers:
        for number in range(there + 1, logins + 1):
            log_in(sessions, number)
        there = logins
        gc.collect()
        yield {"logins": logins, "bytes": process.memory_info().rss - before}


if __name__ == "__main__":
    for measured in node_memory([int(number) for number in sys.argv[1:]]):
        print(json.dumps(measured), flush=True)
