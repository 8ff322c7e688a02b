"""The contenders of the tables, each with a part of the store that is its test's own."""

from collections.abc import Callable, Iterator

import pytest
from redis import Redis

from service.config import Config
from tests.conftest import MakeApp
from tests.peers.sites import OURS, Site, ours, peer

MakeSite = Callable[..., Site]


@pytest.fixture
def prefix(config: Config, redis: Redis) -> Iterator[str]:
    """What this test's keys begin with; a peer's would stay for a month."""
    yield config.store_prefix
    for key in redis.scan_iter(f"{config.store_prefix}*"):
        redis.delete(key)


@pytest.fixture
def make_site(make_app: MakeApp, store_url: str, prefix: str) -> MakeSite:
    """Return the site of a contender; `make_site(contender, faulty.url)` asks another store."""

    def make(contender: str, url: str | None = None) -> Site:
        if contender == OURS:
            return ours(make_app(redis_url=url) if url else make_app(), prefix)
        return peer(contender, url or store_url, prefix)

    return make


@pytest.fixture
def site(make_site: MakeSite, contender: str) -> Site:
    return make_site(contender)
