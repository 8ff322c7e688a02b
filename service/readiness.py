"""`/readyz`: whether this process can serve those who are logged in, and what is missing if not.

It is asked every second or so, by balancers: it costs one round trip to the store, to each server in a cluster.

A store that takes no writes for a while (it is full, cannot save, or lacks replicas) does not make a node unready.
Those who are logged in are served as before, and log-ins say themselves that they have to wait. All nodes share one
store, so a balancer that listened would take all of them away. The answer tells it to people who watch.
"""

from collections.abc import Callable
from typing import Any

from flask import Response, jsonify
from flask_babel import gettext, lazy_gettext
from redis import RedisError
from redis.exceptions import AuthenticationError, ClusterDownError

from service.accounts.database import Database
from service.errors import KeyRingUnusable, StoreUnavailable
from service.measurement import step
from service.store.connection import DOES_NOT_ANSWER, StoreCommands
from service.store.needs import Findings, try_store


class Readiness:
    """What readiness of this process means: its store and its database do their work, and it can read its key ring.

    `ring_problem` says what is wrong with the key ring, if anything is.
    """

    def __init__(
        self,
        node_name: str,
        store: StoreCommands,
        prefix: str,
        database: Database,
        ring_problem: Callable[[], str | None],
    ) -> None:
        self._node_name = node_name
        self._store = store
        self._prefix = prefix
        self._database = database
        self._ring_problem = ring_problem

    def readyz(self) -> Response:
        """Say that logins can be served, and whether log-ins have to wait.

        Raise `StoreUnavailable` if they cannot, or `KeyRingUnusable`.
        """
        found = self._try_store()
        if found.is_replica:
            raise StoreUnavailable(IS_REPLICA)
        if found.lacking:
            raise StoreUnavailable(
                gettext("The session store lacks what sessions need: %(missing)s.", missing=found.lacking)
            )
        self._database.ping()
        if self._ring_problem() is not None:
            raise KeyRingUnusable(gettext("The last good ring stays in use. The log of this node says more."))
        log_ins: dict[str, Any] = {"log_ins": "paused", "because": found.paused} if found.paused else {}
        return jsonify(status="ready", node=self._node_name, **log_ins)

    def _try_store(self) -> Findings:
        with step("store", "what sessions need"):
            try:
                return try_store(self._store.client(), self._prefix)
            except ClusterDownError:
                raise StoreUnavailable(NO_CLUSTER) from None
            except AuthenticationError:
                raise StoreUnavailable(WANTS_ANOTHER_PASSWORD) from None
            except (RedisError, OSError):  # the client has logged it
                raise StoreUnavailable(DOES_NOT_ANSWER) from None


IS_REPLICA = lazy_gettext(
    "The session store is a read-only replica. It takes no log-in, and log-outs may be missing from it. REDIS_URL has"
    " to name its master."
)
NO_CLUSTER = lazy_gettext("REDIS_URL names no cluster that serves every slot.")
WANTS_ANOTHER_PASSWORD = lazy_gettext("The session store asks for another name or password.")
