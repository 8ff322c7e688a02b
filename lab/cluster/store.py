"""The store that the lab's nodes share: the one at `REDIS_URL`, or the embedded one, which the lab controls."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from redis import RedisError
from redis.exceptions import AuthenticationError, ClusterDownError

from lab.cluster.address import CannotStart
from lab.cluster.discovery import discovery_file, store_file
from lab.cluster.embedded_store import TIMEOUT_S, EmbeddedStore, answers, free_port
from lab.cluster.process_stats import NOTHING, ProcessStats
from lab.cluster.refused_command import RefusedCommand
from lab.cluster.relay import Relay
from lab.cluster.supervised import Supervised, Wanted
from service.config import Config
from service.store.check import Findings, try_store
from service.terminal import _
from session_auth.store_client import NoMasterNamed, connect, hosts_of, reason_of

LONGEST_ROUND_TRIP_MS = 50.0

NO_CONTENTS = {"keys": None, "used_bytes": None, "full": False}


class Store(Protocol):
    """A store under the supervisor. Every command raises `RefusedCommand` if it cannot be executed."""

    url: str

    def look(self) -> None:
        """Check the process. Called periodically."""

    def state(self, process_stats: ProcessStats) -> dict[str, Any]:
        """Return its state in the form of `GET /state`."""

    def want(self, wanted: Wanted) -> None:
        """Bring its process into the state `wanted`."""

    def restart(self) -> None:
        """End its process gracefully, and start it again with its data."""

    def empty(self) -> None:
        """Delete all of its data."""

    def set_full(self, full: bool) -> None:
        """Refuse every write as if the memory were full, or stop doing so."""

    def set_round_trip(self, milliseconds: float) -> None:
        """Delay every reply by 0 to 50 ms."""


class GivenStore:
    """The store at `REDIS_URL`. It may have other users, so the lab only observes it."""

    def __init__(self, url: str, prefix: str) -> None:
        self.url = url
        self._prefix = prefix

    def look(self) -> None:
        return

    def state(self, process_stats: ProcessStats) -> dict[str, Any]:
        return {
            "name": "store",
            "embedded": False,
            "state": "running" if self._answers() else "stopped",
            "restarts": 0,
            "round_trip_ms": 0,
            **NOTHING,
            **NO_CONTENTS,
        }

    def want(self, wanted: Wanted) -> None:
        raise _not_ours()

    def restart(self) -> None:
        raise _not_ours()

    def empty(self) -> None:
        raise _not_ours()

    def set_full(self, full: bool) -> None:
        raise _not_ours()

    def set_round_trip(self, milliseconds: float) -> None:
        raise _not_ours()

    def _answers(self) -> bool:
        try:
            _try(self.url, self._prefix)
        except (RedisError, OSError):
            return False
        return True


class OwnStore:
    """The embedded store, supervised by the lab."""

    def __init__(self, embedded: EmbeddedStore) -> None:
        self.url = embedded.url
        self._embedded = embedded
        self._supervised = Supervised("store", embedded.launch, self._answers, embedded.process)
        self._link: Relay | None = None

    def look(self) -> None:
        self._supervised.look()

    def state(self, process_stats: ProcessStats) -> dict[str, Any]:
        return {
            "name": "store",
            "embedded": True,
            "state": self._supervised.state,
            "restarts": self._supervised.restarts,
            "round_trip_ms": 1000 * self._link.delay_s if self._link else 0,
            **process_stats.of(self._supervised),
            **self._contents(),
        }

    def want(self, wanted: Wanted) -> None:
        if wanted == "hanging" and self._supervised.has_ended:
            raise _not_running()
        self._supervised.want(wanted)

    def restart(self) -> None:
        self._supervised.restart()

    def empty(self) -> None:
        self._tell("FLUSHALL")

    def set_full(self, full: bool) -> None:
        self._tell("CONFIG", "SET", "maxmemory", 1 if full else 0)

    def set_round_trip(self, milliseconds: float) -> None:
        if not 0 <= milliseconds <= LONGEST_ROUND_TRIP_MS:
            raise RefusedCommand(
                400, "bad_request", "ms must be a number from 0 to %(most)s", most=f"{LONGEST_ROUND_TRIP_MS:g}"
            )
        try:
            if milliseconds and self._link:
                self._link.delay_s = milliseconds / 1000
            elif milliseconds:
                self._put_link_between(milliseconds / 1000)
            else:
                self._take_link_out()
        except (RedisError, OSError):
            raise _not_running() from None

    def stop(self) -> None:
        """End it and delete its data."""
        if self._link:
            self._link.close()
        self._embedded.stop()

    def _put_link_between(self, delay_s: float) -> None:
        self._embedded.move_to(free_port())
        try:
            self._link = Relay(self._embedded.port, ("127.0.0.1", self._embedded.listens_on), delay_s)
        except OSError:  # another process has taken the port
            self._embedded.move_to(self._embedded.port)
            raise
        self._embedded.disconnect_clients()

    def _take_link_out(self) -> None:
        if self._link is None:
            return
        self._tell("PING")  # check first: if the store is down, change nothing
        self._link.close()
        self._link = None
        self._embedded.move_to(self._embedded.port)
        self._embedded.disconnect_clients()

    def _answers(self) -> bool:
        if not answers(self._embedded.own_url):
            return False
        self._embedded.begin_to_log()
        return True

    def _contents(self) -> dict[str, Any]:
        if self._supervised.state != "running":
            return NO_CONTENTS
        try:
            with self._embedded.client() as client:
                memory, keys = client.info("memory"), client.dbsize()
        except (RedisError, OSError):
            return NO_CONTENTS
        return {"keys": keys, "used_bytes": memory["used_memory"], "full": memory["maxmemory"] > 0}

    def _tell(self, *command: str | int) -> None:
        try:
            with self._embedded.client() as client:
                client.execute_command(*command)
        except (RedisError, OSError):
            raise _not_running() from None


def _not_ours() -> RefusedCommand:
    return RefusedCommand(
        409, "not_ours", "the store at REDIS_URL is not the lab's own; only an embedded one has switches"
    )


def _not_running() -> RefusedCommand:
    return RefusedCommand(409, "not_running", "the store does not answer; start or resume it first")


@contextmanager
def running_store(config: Config) -> Iterator[Store]:
    """Provide the store at `REDIS_URL`, or start one and end it afterwards. Raise `CannotStart` or `BadConfig`."""
    if config.redis_url is not None:
        _refuse_missing_store(config.redis_url, config.store_prefix)
        yield GivenStore(config.redis_url, config.store_prefix)
        return
    try:
        store = OwnStore(EmbeddedStore())
    except OSError as error:
        raise CannotStart(_("%(why)s; set REDIS_URL to another store", why=error)) from None
    try:
        with discovery_file(store.url, store_file(config)):
            yield store
    finally:
        store.stop()


def _refuse_missing_store(url: str, prefix: str) -> None:
    """Raise `CannotStart` if sessions cannot be served from this store. A full store is accepted: it can be read."""
    where = hosts_of(url)  # without the password that the address may contain
    try:
        found = _try(url, prefix)
    except AuthenticationError:
        raise _bad_store(_("the store at %(where)s requires another password", where=where)) from None
    except ClusterDownError:
        raise _bad_store(_("there is no cluster that serves every slot at %(where)s", where=where)) from None
    except NoMasterNamed:
        raise _bad_store(_("no sentinel at %(where)s names a master of this service", where=where)) from None
    except (RedisError, OSError) as error:
        raise _bad_store(_("no store answers at %(where)s (%(why)s)", where=where, why=reason_of(error))) from None
    if found.is_replica:
        raise _bad_store(_("the store at %(where)s is a read-only replica; use its master", where=where))
    if found.is_too_old:
        raise CannotStart(
            _(
                "REDIS_URL must be the address of Redis 6.2 or newer, or of Valkey; the one at %(where)s lacks"
                " %(lacking)s",
                where=where,
                lacking=found.lacking,
            )
        )
    if found.lacking:
        raise _bad_store(
            _("the store at %(where)s does not let this user use %(lacking)s", where=where, lacking=found.lacking)
        )


def _bad_store(why: str) -> CannotStart:
    return CannotStart(f"REDIS_URL: {why}")


def _try(url: str, prefix: str) -> Findings:
    with connect(url, TIMEOUT_S) as client:
        return try_store(client, prefix)
