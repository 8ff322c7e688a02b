"""Add the lab's members. Their passwords are printed on the lab's home page: never add them elsewhere."""

from time import monotonic, sleep

from sqlalchemy.exc import IntegrityError

from service.accounts.hash_memory import return_memory
from service.accounts.members import Members
from service.accounts.passwords import hash_password, unmatchable_hash
from service.accounts.public_members import DEFAULT_LOAD_MEMBERS, DEMO_MEMBERS, GUEST, LOAD_PASSWORD
from service.errors import StoreUnavailable

SEED_WITHIN_S = 30.0  # a page waits 1 s for a lock; a starting node may wait longer for another one that adds members
LOOK_AGAIN_S = 0.1


def seed_demo(members: Members) -> None:
    """Add the missing demo members, load members, and the guest of `/open`.

    Several nodes may do so at once. Raise `StoreUnavailable` if the database stays locked or does not answer.
    """
    give_up_at = monotonic() + SEED_WITHIN_S
    while True:
        try:
            return _add_missing(members)
        except (IntegrityError, StoreUnavailable):
            # Another node is adding some of them: try again.
            if monotonic() > give_up_at:
                raise
            sleep(LOOK_AGAIN_S)


def _add_missing(members: Members) -> None:
    ends = _ends(DEFAULT_LOAD_MEMBERS)
    there = members.existing([GUEST, *(demo.username for demo in DEMO_MEMBERS), *ends])  # one query per start
    for demo in DEMO_MEMBERS:
        if demo.username not in there:
            members.add_missing([demo.username], hash_password(demo.password), demo.role)
    if GUEST not in there:
        members.add_missing([GUEST], unmatchable_hash())
    if not ends <= there:
        seed_load_members(members, DEFAULT_LOAD_MEMBERS)
    return_memory()  # nodes are forked from this process and would keep it


def seed_load_members(members: Members, count: int) -> int:
    """Add `load-0001` … up to `count` unless the first and the last exist. Return how many were missing.

    All share one password and one hash: a hash for each would take minutes.
    """
    if members.existing(_ends(count)) == _ends(count):
        return 0
    names = [_load_name(number) for number in range(1, count + 1)]
    return members.add_missing(names, hash_password(LOAD_PASSWORD))


def _ends(count: int) -> set[str]:
    """Return the names of the first and the last of `count` load members."""
    return {_load_name(1), _load_name(count)}


def _load_name(number: int) -> str:
    return f"load-{number:04d}"
