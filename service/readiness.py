"""`/readyz`: whether this process can serve logged-in members, and what is missing if not.

Balancers call it about once a second. It costs one round trip to the store (to each server of a cluster).

A store that takes no writes for a while (it is full, cannot save, or lacks replicas) does not make a node unready.
Logged-in members are served as before, and a log-in returns an error that says to wait. All nodes share the store, so
a balancer would otherwise remove all of them. The answer reports the state for monitoring.
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
from service.store.check import Findings, try_store
from service.store.connection import DOES_NOT_ANSWER, StoreCommands


class Readiness:
    """The readiness check: the store and the database work, and the key ring can be read.

    `ring_problem` returns what is wrong with the key ring, or None.
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
        """Answer that requests of logged-in members can be served, and whether log-ins have to wait.

        Raise `StoreUnavailable` or `KeyRingUnusable` if not.
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
            raise KeyRingUnusable(gettext("The last good key ring stays in use. See this node’s log for details."))
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
            except (RedisError, OSError):  # already logged
                raise StoreUnavailable(DOES_NOT_ANSWER) from None


IS_REPLICA = lazy_gettext(
    "The session store is a read-only replica. It takes no log-in, and log-outs may be missing from it. REDIS_URL"
    " must be the address of its master."
)
NO_CLUSTER = lazy_gettext("REDIS_URL is not the address of a cluster that serves every slot.")
WANTS_ANOTHER_PASSWORD = lazy_gettext("The session store requires another name or password.")
