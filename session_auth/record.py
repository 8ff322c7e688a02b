"""The record that a session id finds: which fields make it a login, and what is done with one that is not in order.

The counterpart of a token's claims: there the client carries them, here the store keeps them.
"""

from typing import Annotated, Any, Literal, NamedTuple

import msgspec

Time = Annotated[float, msgspec.Meta(ge=0, le=253_402_300_799)]  # seconds since the epoch, to the end of year 9999


class Record(msgspec.Struct, frozen=True, omit_defaults=True):
    """What every stored session holds beside the application's own fields. In the store the user is `member_id`."""

    user_id: str = msgspec.field(name="member_id")
    role: str
    login_id: str
    created_at: Time
    expires_at: Time


class Renewed(msgspec.Struct, frozen=True):
    """What stays where a record was that has another id now. It opens nothing, and still says whose login it was."""

    user_id: str = msgspec.field(name="member_id")
    login_id: str
    expires_at: Time
    kind: Literal["renewed"]


class Contents(NamedTuple):
    """A stored session: all of its fields, and those that make it a login."""

    fields: dict[str, Any]
    record: Record


FIELDS = msgspec.json.Decoder(dict[str, Any])  # made once: to make one takes longer than to decode
RENEWED = msgspec.json.Decoder(Renewed)


def decode(stored: bytes | None, kind: type[Record] = Record) -> Contents | None:
    """Return a stored session; None for one that is absent, corrupt, truncated or of another shape. Nothing is run."""
    if stored is None:
        return None
    try:
        fields = FIELDS.decode(stored)  # all of it: decoding to Record skips the rest
        return Contents(fields, msgspec.convert(fields, kind))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def decode_renewed(stored: bytes | None) -> Renewed | None:
    """Return what a renewal has left here; None for anything else."""
    try:
        return None if stored is None else RENEWED.decode(stored)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def merged(seen: dict[str, Any], mine: dict[str, Any], there: dict[str, Any]) -> dict[str, Any]:
    """Return `there` with what changed between `seen` and `mine`: two writers keep each other's fields."""
    changed = {name: value for name, value in mine.items() if name not in seen or seen[name] != value}
    return {name: value for name, value in {**there, **changed}.items() if name in mine or name not in seen}
