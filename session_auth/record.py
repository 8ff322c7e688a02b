"""The stored record of a session: its fields, and how a malformed record is handled.

It corresponds to a token's claims: the client holds those, the store holds these.
"""

from typing import Annotated, Any, Literal, NamedTuple

import msgspec

Time = Annotated[float, msgspec.Meta(ge=0, le=253_402_300_799)]  # seconds since the epoch, to the end of year 9999


class Record(msgspec.Struct, frozen=True, omit_defaults=True):
    """The fields of every stored session, beside the application's own. The user's id is stored as `member_id`."""

    user_id: str = msgspec.field(name="member_id")
    role: str
    login_id: str
    created_at: Time
    expires_at: Time


class Renewed(msgspec.Struct, frozen=True):
    """The marker at the old key of a renewed session. It gives no access, but still names the login."""

    user_id: str = msgspec.field(name="member_id")
    login_id: str
    expires_at: Time
    kind: Literal["renewed"]


class Contents(NamedTuple):
    """A decoded session: all fields, and the record among them."""

    fields: dict[str, Any]
    record: Record


FIELDS = msgspec.json.Decoder(dict[str, Any])  # created once: that takes longer than decoding
RENEWED = msgspec.json.Decoder(Renewed)


def decode(stored: bytes | None, kind: type[Record] = Record) -> Contents | None:
    """Return the decoded session; None if it is absent, corrupt or of another shape. Decoding runs no code."""
    if stored is None:
        return None
    try:
        fields = FIELDS.decode(stored)  # all fields: decoding to Record skips the others
        return Contents(fields, msgspec.convert(fields, kind))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def decode_renewed(stored: bytes | None) -> Renewed | None:
    """Return the marker of a renewal; None for anything else."""
    try:
        return None if stored is None else RENEWED.decode(stored)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def merged(seen: dict[str, Any], mine: dict[str, Any], there: dict[str, Any]) -> dict[str, Any]:
    """Return `there` with the changes from `seen` to `mine` applied, so that two writers keep each other's fields."""
    changed = {name: value for name, value in mine.items() if name not in seen or seen[name] != value}
    return {name: value for name, value in {**there, **changed}.items() if name in mine or name not in seen}
