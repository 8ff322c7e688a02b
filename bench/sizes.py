"""Measure the bytes of a login: in the store, in a node's memory, and in the member database."""

import gc
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from time import time
from typing import Any

from redis import Redis

from app import create_app
from lab.cluster.embedded_store import EmbeddedStore
from lab.demo import seed_load_members
from service.accounts.database import Database
from service.accounts.members import Members
from service.config import DAY_S, Config
from service.store.connection import StoreCommands
from session_auth.blueprint.credential import MemberCredential as SessionCredential
from session_auth.blueprint.stores import MemberSessions, MemorySessions, SharedSessions
from session_auth.credential import Lifetimes as SessionLifetimes
from token_auth import KeyRing
from token_auth.blueprint import NoDenylist
from token_auth.blueprint.credential import MemberCredential as TokenCredential
from token_auth.blueprint.stores import MemberRefreshTokens, RedisDenylist

PREFIX = "lab:"


def measure_sizes(folder: Path, count: int) -> dict[str, Any]:
    """Return bytes per item: `count` members log in once, by the lab's code, and the growth is divided by `count`."""
    folder.mkdir()
    store = EmbeddedStore()
    try:
        config = Config(instance_dir=folder, redis_url=store.url, lab=True)
        create_app(config)
        database = Database(config.database_url)
        members = Members(database)
        seed_load_members(members, count)
        connection = StoreCommands(lambda: store.url)
        with Redis.from_url(store.url) as redis:
            used = lambda: int(redis.info("memory")["used_memory"])  # noqa: E731
            in_store = _session_bytes(SharedSessions(connection.timed, PREFIX), members, count, used)
            denied = _denial_bytes(RedisDenylist(connection, PREFIX), count, used)
        in_node = _node_bytes(members, count)
        rows = _row_bytes(config, database, members, count)
        return {"session_store_bytes": in_store, "denial_store_bytes": denied, "session_node_bytes": in_node, **rows}
    finally:
        store.stop()


def _session_bytes(sessions: MemberSessions, members: Members, count: int, used: Callable[[], int]) -> int:
    """Return the growth of `used` per login, including the index entry."""
    lifetimes = SessionLifetimes(1800, 43_200)
    credential = SessionCredential(sessions, members, lifetimes, 50, time, in_lab=True)
    everybody = [members.find_active(f"load-{number:04d}") for number in range(1, count + 1)]
    credential.issue_for(everybody[0], 1800)
    before = used()
    for member in everybody:
        credential.issue_for(member, 1800)
    return round((used() - before) / count)


def _node_bytes(members: Members, count: int) -> int:
    """Return the bytes that Python allocates per login in a node's memory, by tracemalloc."""

    def used() -> int:
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        return _session_bytes(MemorySessions(), members, count, used)
    finally:
        tracemalloc.stop()


def _denial_bytes(denylist: RedisDenylist, count: int, used: Callable[[], int]) -> int:
    before = used()
    for number in range(count):
        denylist.deny(f"{number:022d}", 3600)  # a login id has 22 characters
    return round((used() - before) / count)


def _row_bytes(config: Config, database: Database, members: Members, count: int) -> dict[str, int]:
    """Return the growth of the database file per login, and per later refresh."""
    key_ring = KeyRing(config.key_ring_file, config.jwt_algorithm)
    credential = TokenCredential(MemberRefreshTokens(database, "token"), key_ring, NoDenylist(), members, config)
    everybody = [members.find_active(f"load-{number:04d}") for number in range(1, count + 1)]
    start = _file_bytes(database)
    issued = [credential.issue_for(member, 300, 7 * DAY_S) for member in everybody]
    logged_in = _file_bytes(database)
    for pair in issued:
        credential.renew(pair.refresh)
    refreshed = _file_bytes(database)
    return {
        "login_db_bytes": round((logged_in - start) / count),
        "refresh_db_bytes": round((refreshed - logged_in) / count),
    }


def _file_bytes(database: Database) -> int:
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        return int(pages * connection.exec_driver_sql("PRAGMA page_size").scalar_one())
