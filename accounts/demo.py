"""The members that only a lab has. Their passwords are printed on its home page: never seed them elsewhere."""

import secrets
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError

from accounts.identity import Role
from accounts.members import Members
from accounts.passwords import hash_password

LOAD_PASSWORD = "load"  # noqa: S105
DEFAULT_LOAD_MEMBERS = 1000

GUEST = "guest"


@dataclass(frozen=True)
class DemoMember:
    """A member to log in as in a walkthrough."""

    username: str
    password: str
    role: Role


DEMO_MEMBERS = (
    DemoMember("alice", "wonderland", "user"),
    DemoMember("bob", "builder", "user"),
    DemoMember("carol", "classroom", "admin"),
)


def is_public(username: str, password: str) -> bool:
    """Tell whether everybody knows this password of this member, because the lab says it aloud."""
    load_member = username.startswith("load-") and password == LOAD_PASSWORD
    return load_member or any((demo.username, demo.password) == (username, password) for demo in DEMO_MEMBERS)


def seed_demo(members: Members) -> None:
    """Add the demo members, the load members, and the guest of `/open`, where they are missing."""
    for _ in range(len(DEMO_MEMBERS) + 2):
        # Another node may add some between our look and our try: then those are there, and we look again.
        with suppress(IntegrityError):
            return _add_missing(members)
    return _add_missing(members)


def _add_missing(members: Members) -> None:
    for demo in DEMO_MEMBERS:
        if members.find(demo.username) is None:
            members.add_missing([demo.username], hash_password(demo.password), demo.role)
    if members.find(GUEST) is None:
        members.add_missing([GUEST], hash_password(secrets.token_urlsafe()))
    seed_load_members(members, DEFAULT_LOAD_MEMBERS)


def seed_load_members(members: Members, count: int) -> int:
    """Add `load-0001` … up to `count` unless the first and the last are there; return how many were missing.

    One hash serves all: they share one password, and hashing it again for each would take minutes.
    """
    names = [f"load-{number:04d}" for number in range(1, count + 1)]
    if members.find(names[-1]) is not None and members.find(names[0]) is not None:
        return 0
    return members.add_missing(names, hash_password(LOAD_PASSWORD))
