"""The store that the lab's nodes share: somebody else's, or one of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from redis import RedisError
from redis.exceptions import AuthenticationError, ResponseError

from cluster.address import CannotStart
from cluster.embedded_store import (
    EmbeddedStore,
    address_file,
    ping,
    publish_address,
    withdraw_address,
)
from config import BadConfig, Config, make_folder


@dataclass(frozen=True)
class Store:
    """The store that the nodes use; `embedded` if it is ours."""

    url: str
    embedded: EmbeddedStore | None = None

    @property
    def has_ended(self) -> bool:
        """Whether it was ours and is gone."""
        return self.embedded is not None and self.embedded.exit_code is not None


@contextmanager
def running_store(config: Config) -> Iterator[Store]:
    """Give the store at `REDIS_URL`, or start one that ends afterwards. Raise `CannotStart` or `BadConfig`."""
    if config.redis_url is not None:
        _refuse_missing_store(config.redis_url)
        yield Store(config.redis_url)
        return
    try:
        store = EmbeddedStore()
    except OSError as error:
        raise CannotStart(f"{error}; REDIS_URL takes the address of another") from None
    try:
        with _published(store.url, config):
            yield Store(store.url, store)
    finally:
        store.stop()


@contextmanager
def _published(url: str, config: Config) -> Iterator[None]:
    file = address_file(config)
    make_folder("INSTANCE_DIR", file.parent)
    try:
        publish_address(url, file)
    except OSError as error:
        raise BadConfig(f"INSTANCE_DIR: {file.parent} cannot be written ({error.strerror})") from None
    try:
        yield
    finally:
        withdraw_address(url, file)


def _refuse_missing_store(url: str) -> None:
    where = urlsplit(url)  # never with the password that it may hold
    try:
        ping(url)
    except ResponseError:
        raise CannotStart("REDIS_URL takes a Redis of version 6.2 or newer, or a Valkey") from None
    except AuthenticationError:
        raise CannotStart(
            f"REDIS_URL: the store at {where.hostname}:{where.port or 6379} asks for another password"
        ) from None
    except (RedisError, OSError, ValueError):
        raise CannotStart(f"REDIS_URL: no store answers at {where.hostname}:{where.port or 6379}") from None
