"""The store at `REDIS_URL`, for experiments that can use it. It may have other users: their keys are not touched."""

import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

import click
from redis import Redis, RedisError

from service.config import BadConfig
from service.terminal import _
from session_auth.store_client import hosts_of, parse_address

STORE_SETTINGS = ("REDIS_URL", "STORE_PREFIX")
DEFAULT_PREFIX = "load-"
LONGEST_PREFIX = 15  # a run and its labs append to it, within the limit of a lab's prefix
TIMEOUT_S = 5.0
AT_ONCE = 500  # keys


@dataclass(frozen=True)
class BorrowedStore:
    """A store that this run has not started. Every key of the run begins with `prefix`, which is unique to it."""

    url: str
    prefix: str

    def settings(self, lab: str) -> Mapping[str, str]:
        """Return the settings of one lab of the run."""
        return {"REDIS_URL": self.url, "STORE_PREFIX": f"{self.prefix}{lab}:"}

    def clear(self) -> None:
        """Remove only the run's keys. Print a message if that is not possible."""
        try:
            with Redis.from_url(self.url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S) as store:
                for key in store.scan_iter(f"{self.prefix}*", count=AT_ONCE):
                    store.unlink(key)
        except (RedisError, OSError):
            where = hosts_of(self.url)
            click.echo(
                _(
                    "Keys that begin with %(prefix)s are left in the store at %(where)s until they expire.",
                    prefix=self.prefix,
                    where=where,
                ),
                err=True,
            )

    def __str__(self) -> str:
        where = hosts_of(self.url)  # without the password that the address may contain
        return _(
            "the store at %(where)s (REDIS_URL); every key of this run begins with %(prefix)s and is removed later",
            where=where,
            prefix=self.prefix,
        )


def given_store(environment: Mapping[str, str] = os.environ) -> BorrowedStore | None:
    """Return the store at `REDIS_URL`, or None if it is unset. Raise `BadConfig`."""
    url = environment.get("REDIS_URL")
    if not url:
        return None
    try:
        kind = parse_address(url).kind
    except ValueError as error:
        raise BadConfig(_("%(name)s must be %(takes)s", name="REDIS_URL", takes=error)) from None
    if kind != "single":
        raise BadConfig(
            _("REDIS_URL: a load test needs a single server, redis:// or rediss://, whose commands it can count")
        )
    prefix = environment.get("STORE_PREFIX") or DEFAULT_PREFIX
    if re.fullmatch(rf"[\w:.-]{{1,{LONGEST_PREFIX}}}", prefix, re.ASCII) is None:
        raise BadConfig(
            _(
                "STORE_PREFIX must have 1 to %(most)s letters, digits, … for a load test, which appends to it",
                most=LONGEST_PREFIX,
            )
        )
    return BorrowedStore(url, f"{prefix}{secrets.token_hex(4)}:")
