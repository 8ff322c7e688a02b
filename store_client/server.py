"""One server of a store: impatient, and left alone for a moment when it does not answer."""

import logging
import ssl
from time import monotonic
from typing import Any

from redis import BlockingConnectionPool, Connection, Redis, RedisError, SSLConnection
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError, ResponseError  # noqa: A004
from redis.retry import Retry

from store_client.address import Host, StoreAddress, name_of

log = logging.getLogger(__name__)

TIMEOUT_S = 0.2  # a command on loopback takes 0.0001 s; a caller is answered within 0.5 s whatever happens
PAUSE_S = 0.25
NO_FREE_CONNECTION = "No connection available."  # redis-py has no type of its own for it
POOL_SIZE = 32

Argument = str | bytes | int


class Paused(ConnectionError):
    """This server did not answer a moment ago."""


class Server:
    """One server. Whoever asks while it does not answer is told at once, but for one caller every `PAUSE_S`.

    So threads which could serve other pages do not queue behind it; and in a cluster the other servers go on.
    """

    def __init__(self, host: Host, address: StoreAddress, timeout_s: float, number: int, **options: Any) -> None:
        self.host = host
        self._failing = False
        self._refuse_until = 0.0
        pool = BlockingConnectionPool(  # type: ignore[no-untyped-call]
            connection_class=SSLConnection if address.tls else Connection,
            host=host[0],
            port=host[1],
            db=number,
            max_connections=POOL_SIZE,
            timeout=timeout_s,
            socket_timeout=timeout_s,
            socket_connect_timeout=timeout_s,
            retry=Retry(NoBackoff(), 0),
            **options,
        )
        self._redis = Redis(connection_pool=pool)

    def send(self, *command: Argument) -> Any:
        """Send one command and return its reply."""
        return self._guarded(lambda: self._redis.execute_command(*command))  # type: ignore[no-untyped-call]

    def send_asking(self, *command: Argument) -> Any:
        """Send one command about a key that is on its way to this server."""

        def send() -> Any:
            pipeline = self._redis.pipeline(transaction=False)
            pipeline.execute_command("ASKING")  # type: ignore[no-untyped-call]
            pipeline.execute_command(*command)  # type: ignore[no-untyped-call]
            # As values: a raised error would repeat the command, and with it what was to be written.
            reply = pipeline.execute(raise_on_error=False)[-1]
            if isinstance(reply, Exception):
                raise reply
            return reply

        return self._guarded(send)

    def close(self) -> None:
        self._redis.connection_pool.disconnect()

    def _guarded(self, send: Any) -> Any:
        if self._refuses():
            raise Paused(name_of(self.host))
        try:
            reply = send()
        except ResponseError:
            self._failing = False  # a refusal is an answer
            raise
        except (RedisError, OSError) as error:
            if str(error) != NO_FREE_CONNECTION:  # which is our own limit, and tells nothing of the server
                self._note_silence(error)
            raise
        self._failing = False
        return reply

    def _refuses(self) -> bool:
        now = monotonic()
        if self._failing and now >= self._refuse_until:
            self._refuse_until = now + PAUSE_S  # this caller tries; the others wait for what it finds
            return False
        return self._failing

    def _note_silence(self, error: Exception) -> None:
        if not self._failing:
            log.error("the store does not answer: %s: %s", name_of(self.host), reason_of(error))
        self._failing, self._refuse_until = True, monotonic() + PAUSE_S


def reason_of(error: BaseException) -> str:
    """Say what is wrong by the error's type, for its text may repeat what was sent; and what a certificate lacks."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate is refused: {cause.verify_message}"
        cause = cause.__cause__ or cause.__context__
    return type(error).__name__
