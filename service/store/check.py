"""Check that the store supports every command that the lab sends, on keys that belong to no member.

The keys have the lab's prefix and expire after seconds. In a cluster there are some on each server.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from redis.exceptions import ClusterDownError, NoPermissionError, ResponseError

from session_auth.store_client import Command, StoreClient, Why, why_no_writes

OWN = "\0trial"  # no member's name and no id contains NUL
TTL_S = 5

REPLACE = "redis.call('GET', KEYS[1]) redis.call('SET', KEYS[1], 'trial', 'XX', 'KEEPTTL')"
ENTER = """
redis.call('HSET', KEYS[1], 'key', 'login') redis.call('TTL', KEYS[1]) redis.call('EXPIRE', KEYS[1], ARGV[1])
redis.call('HLEN', KEYS[1])
"""
REQUIRE = "redis.call('GET', KEYS[1]) redis.call('SET', KEYS[1], 'trial', 'EX', ARGV[1])"
COUNT = """
redis.call('LPUSH', KEYS[1], 1) redis.call('LTRIM', KEYS[1], 0, 1) redis.call('EXPIRE', KEYS[1], ARGV[1])
"""


@dataclass(frozen=True)
class Findings:
    """The result of the check. Sessions can be served if `lacking` is empty and the server is not a replica.

    lacking: names of the refused commands and keys, for messages.
    is_too_old: the server does not have a command; otherwise its access rules forbid one.
    paused: why it takes no writes at present; reads work, and log-ins have to wait.
    """

    lacking: str = ""
    is_too_old: bool = False
    is_replica: bool = False
    paused: Why | None = None


def try_store(client: StoreClient, prefix: str) -> Findings:
    """Try each command, in one round trip per server. Raise `RedisError` or `OSError` if a server does not answer.

    `ClusterDownError`: not a cluster, or a cluster that does not serve every slot.
    """
    try:
        answers = client.ask_each(lambda tag: [command for _, command in _needs(prefix, tag)])
    except ClusterDownError:
        raise
    except ResponseError as refusal:  # of the log-in to the server, or of the client's first commands
        if why_no_writes(refusal) == "READONLY":
            return Findings(is_replica=True)
        return Findings(_command_in(refusal), not isinstance(refusal, NoPermissionError))
    names = [name for name, _ in _needs(prefix, "")]
    refused = [
        (name, reply)
        for replies in answers
        for name, reply in zip(names, replies, strict=True)
        if isinstance(reply, ResponseError)
    ]
    whys = {why for _, refusal in refused if (why := why_no_writes(refusal))}
    others = {name: str(refusal) for name, refusal in refused if not why_no_writes(refusal)}
    return Findings(
        lacking="; ".join(others),
        is_too_old=any(re.match("unknown .*command", said, re.IGNORECASE) for said in others.values()),
        is_replica="READONLY" in whys,
        paused=min(whys, default=None),
    )


def _needs(prefix: str, tag: str) -> Iterator[tuple[str, Command]]:
    """Yield each command with its name for messages. Every key that is written expires."""
    session, logins, denied, attempts = (
        f"{prefix}{family}:{tag}{OWN}" for family in ("session", "logins", "denied", "attempts")
    )
    at = {key: f"on {key.removesuffix(f'{tag}{OWN}')}*" for key in (session, logins, denied, attempts)}
    yield f"SET {at[session]}", ("SET", session, "trial", "NX", "EX", TTL_S)
    yield f"GETEX {at[session]}", ("GETEX", session, "EX", TTL_S)
    yield f"GET {at[session]}", ("GET", session)
    yield f"EVAL (GET, SET) {at[session]}", ("EVAL", REPLACE, 1, session)
    yield f"DEL {at[session]}", ("DEL", session)
    yield f"EVAL (HSET, TTL, EXPIRE, HLEN) {at[logins]}", ("EVAL", ENTER, 1, logins, TTL_S)
    yield f"HGETALL {at[logins]}", ("HGETALL", logins)
    yield f"HDEL {at[logins]}", ("HDEL", logins, "key")
    yield f"DEL {at[logins]}", ("DEL", logins)
    yield f"SET {at[denied]}", ("SET", denied, "", "EX", TTL_S)
    yield f"GET {at[denied]}", ("GET", denied)
    yield f"EVAL (GET, SET) {at[denied]}", ("EVAL", REQUIRE, 1, denied, TTL_S)
    yield f"EVAL (LPUSH, LTRIM, EXPIRE) {at[attempts]}", ("EVAL", COUNT, 1, attempts, TTL_S)
    yield f"LINDEX {at[attempts]}", ("LINDEX", attempts, 0)


def _command_in(refusal: ResponseError) -> str:
    """Return the command that a refusal quotes."""
    named = re.search(r"['`]([\w|]+)['`]", str(refusal))
    return named[1].upper().replace("|", " ") if named else "the database number"
