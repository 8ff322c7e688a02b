"""What a log-in compares: a demo member's row, and passwords that were hashed with that row's salt and cost.

It never returns a whole hash, and works only while the row has the password that the lab publishes.
"""

import base64
from functools import lru_cache
from typing import Any

from argon2 import extract_parameters
from argon2.low_level import hash_secret_raw
from flask_babel import gettext

from service.accounts.members import Member, Members
from service.accounts.passwords import as_hashed
from service.accounts.public_members import DEMO_MEMBERS
from service.errors import NotFound

SHOWN = 8  # characters of a salt or a hash
PUBLISHED = {demo.username: demo.password for demo in DEMO_MEMBERS}


def comparison(members: Members, username: str) -> dict[str, Any]:
    """Return the row, and for the published password and another one what is compared. Raise 404."""
    member, password = members.find_active(username), PUBLISHED.get(username)
    if member is None or password is None or hash_of(password, member.password_hash) != stored_hash(member):
        raise NotFound(gettext("There is no such demo member, or its password was changed."))
    tried = {"right": password, "wrong": f"{password}?"}
    return {
        "row": _view(member),
        "tried": [_compared(kind, text, member) for kind, text in tried.items()],
    }


@lru_cache(maxsize=16)  # slow on purpose, and the same for every visitor
def hash_of(password: str, password_hash: str) -> str:
    """Return the Argon2 hash of `password` with the salt and the cost in `password_hash` (PHC string format)."""
    cost, salt = extract_parameters(password_hash), password_hash.split("$")[-2]
    raw = hash_secret_raw(
        as_hashed(password).encode(),
        base64.b64decode(_padded(salt)),
        cost.time_cost,
        cost.memory_cost,
        cost.parallelism,
        cost.hash_len,
        cost.type,
        cost.version,
    )
    return base64.b64encode(raw).decode().rstrip("=")


def stored_hash(member: Member) -> str:
    """Return the last part of the row's hash, without algorithm, cost and salt."""
    return member.password_hash.rpartition("$")[2]


def _view(member: Member) -> dict[str, str]:
    algorithm, version, cost, salt, _ = member.password_hash.split("$")[1:]
    shown = f"${algorithm}${version}${cost}${_short(salt)}${_short(stored_hash(member))}"
    return {
        "username": member.username,
        "role": member.role,
        "password_hash": shown,
        "salt": f"{_short(salt)} {cost}",
        "hash": _short(stored_hash(member)),
    }


def _compared(kind: str, password: str, member: Member) -> dict[str, Any]:
    made = hash_of(password, member.password_hash)
    return {"kind": kind, "hash": _short(made), "same": made == stored_hash(member)}


def _short(text: str) -> str:
    return f"{text[:SHOWN]}…"


def _padded(text: str) -> str:
    return text + "=" * (-len(text) % 4)
