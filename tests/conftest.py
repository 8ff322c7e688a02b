"""Real store, real database, real keys; only time is faked. Each test owns its database, ring and store prefix."""

import gc
import os
import signal
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import time
from uuid import uuid4

import pytest
from flask import Flask
from redis import Redis

from app import AddApproach, create_app
from lab.cluster.embedded_store import EmbeddedStore
from service.accounts import passwords
from service.config import Config
from tests.support.aftermath import end_with_parent
from tests.support.compiled_once import share_routes, share_statements, share_templates
from tests.support.faulty_store import FaultyStore
from tests.support.lab_processes import Lab
from tests.support.monitor import Monitor
from tests.support.seeded import CHEAP_HASHER, copy_seeds
from tests.support.session_probe import patient
from tests.support.visitor import Visitor


def pytest_configure(config: pytest.Config) -> None:
    """Let a hang-up end what the tests start, even where `nohup` has them ignore it; make apps and passwords cheap."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    passwords.HASHER = CHEAP_HASHER
    share_routes()
    share_statements()
    if hasattr(config, "workerinput"):  # one of the processes that pytest-xdist has started
        end_with_parent()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what asks the store, so that it can be tried alone against another one. Begin with what waits most."""
    for item in items:
        has_store = "store_url" in getattr(item, "fixturenames", ())
        if has_store and item.get_closest_marker("any_store") is None:
            item.add_marker(pytest.mark.store)
    # Files with browsers and processes take longest, and wait. Begun last, they would leave a core idle at the end.
    items.sort(key=lambda item: not any(map(item.get_closest_marker, ("browser", "own_processes"))))


def pytest_collection_finish() -> None:
    """Let the garbage collection pass over what is there for good: a third of a second each time, dozens of times."""
    gc.collect()
    gc.freeze()


class Clock:
    """Time that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture(scope="session")
def store_url() -> Iterator[str]:
    """A real store: the one at REDIS_URL, or an embedded one for this test process."""
    given = os.environ.get("REDIS_URL")
    if given:
        yield given
        return
    store = EmbeddedStore()
    yield store.url
    store.stop()


@pytest.fixture(scope="session")
def redis(store_url: str) -> Iterator[Redis]:
    """A client of the tests' own, to look at the store from outside."""
    with Redis.from_url(store_url) as client:
        yield client


def config_in(folder: Path, store_url: str, **overrides: object) -> Config:
    values = {
        "redis_url": store_url,
        "store_prefix": f"test-{uuid4().hex[:12]}:",
        "database_url": f"sqlite:///{folder / 'lab.db'}",
        "key_ring_file": folder / "keys.json",
        "lab": True,
        **overrides,
    }
    return Config(**values)  # type: ignore[arg-type]


MakeConfig = Callable[..., Config]


@pytest.fixture
def make_config(tmp_path: Path, store_url: str) -> MakeConfig:
    """Return configs of this test's own; `make_config(access_ttl_s=5)`. All share one database, ring and prefix."""
    copy_seeds(tmp_path)
    prefix = f"test-{uuid4().hex[:12]}:"
    return lambda **overrides: config_in(tmp_path, store_url, **{"store_prefix": prefix, **overrides})


@pytest.fixture
def config(make_config: MakeConfig) -> Config:
    return make_config()


@pytest.fixture
def clock() -> Clock:
    """A clock for tokens and records; idle time in Redis is Redis's own and runs on."""
    return Clock()


MakeApp = Callable[..., Flask]


@pytest.fixture
def make_app(make_config: MakeConfig, clock: Clock) -> Iterator[MakeApp]:
    """Return apps on this test's clock; `make_app(access_ttl_s=5)`. Two of them are two nodes."""
    made = []

    def make(more: Sequence[AddApproach] = (), **overrides: object) -> Flask:
        config = make_config(**overrides)
        made.append(create_app(config, clock, more))
        share_templates(made[-1])
        if (
            "redis_url" not in overrides
        ):  # else the store is one that fails, and how soon that is said is what is tested
            patient(made[-1], config.redis_url or "")
        return made[-1]

    yield make
    for app in made:
        app.extensions["database"].engine.dispose()


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    return make_app()


@contextmanager
def app_in(folder: Path, store_url: str, now: Callable[[], float] = time, **overrides: object) -> Iterator[Flask]:
    """Give an app for many small tests that do not see each other; on the real clock unless `now` is given."""
    copy_seeds(folder)
    app = patient(create_app(config_in(folder, store_url, **overrides), now), store_url)
    share_templates(app)
    yield app
    app.extensions["database"].engine.dispose()


@pytest.fixture(scope="module")
def module_app(tmp_path_factory: pytest.TempPathFactory, store_url: str) -> Iterator[Flask]:
    """One app for a whole module."""
    with app_in(tmp_path_factory.mktemp("module"), store_url) as app:
        yield app


MakeVisitor = Callable[..., Visitor]


@pytest.fixture
def visitor(app: Flask) -> MakeVisitor:
    """Return visitors: `visitor("session").login("alice")`."""
    return lambda approach, of=app: Visitor(of, approach)


@pytest.fixture
def monitor(store_url: str, config: Config) -> Iterator[Monitor]:
    """What the store itself saw of this test's commands."""
    with Monitor(store_url, config.store_prefix) as watching:
        yield watching


@pytest.fixture
def faulty(store_url: str) -> Iterator[FaultyStore]:
    """The store behind a proxy that can be told to fail: `make_app(redis_url=faulty.url)`."""
    proxy = FaultyStore(store_url)
    yield proxy
    proxy.refuse()


@pytest.fixture(scope="session")
def shared_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A running lab of two nodes, one for this test process."""
    # A used refresh token is good for a few seconds: short enough to wait for their end, long enough for two tabs.
    lab = Lab(tmp_path_factory.mktemp("lab"), nodes=2, REFRESH_GRACE_S="4").wait_until_ready()
    yield lab
    assert lab.stop() == 0


@pytest.fixture
def lab(shared_lab: Lab) -> Iterator[Lab]:
    """The running lab, for tests that leave it as it was; what one has ended is started again after it."""
    yield shared_lab
    shared_lab.make_whole()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let a failed test say what its labs have said."""
    report = yield
    if report.failed:
        labs = {value for value in getattr(item, "funcargs", {}).values() if isinstance(value, Lab)}
        report.sections += [(f"What the lab at {lab.url} said", lab.log()) for lab in labs]
    return report
