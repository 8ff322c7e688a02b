"""Sites that keep sessions, each behind the same few verbs, so that each is asked the same."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import Flask
from flask_session.base import Serializer, ServerSideSession
from msgspec import DecodeError, msgpack
from redis import Redis, RedisError
from redis.backoff import ExponentialBackoff
from redis.retry import Retry
from werkzeug.test import TestResponse

from service.web.cookies import cookie_name
from tests.peers.flask_session_app import flask_session_app
from tests.peers.slow_views import add_slow_views
from tests.support.visitor import PASSWORDS

OURS = "`/session`"
BY_HOST_AND_PORT = "`Redis(host=…, port=…)`"


class Careful(Serializer):
    """What cannot be read is an empty session, and nothing is unpickled."""

    def encode(self, session: ServerSideSession) -> bytes:
        return msgpack.encode(dict(session))

    def decode(self, serialized_data: bytes) -> dict[str, object]:
        try:
            return dict(msgpack.decode(serialized_data, type=dict[str, object]))
        except DecodeError:
            return {}


def by_host_and_port(url: str, prefix: str) -> Flask:
    """Connect as another example of the documentation does. redis-py retries then; by `from_url` it does not."""
    where = urlsplit(url)
    client = Redis(host=where.hostname or "", port=where.port or 6379, password=where.password)
    return flask_session_app(client, prefix)


def with_own_serializer(url: str, prefix: str) -> Flask:
    app = as_documented(url, prefix)
    app.session_interface.serializer = Careful()  # type: ignore[attr-defined]
    return app


def with_fewer_retries(url: str, prefix: str) -> Flask:
    return flask_session_app(Redis.from_url(url, retry=Retry(ExponentialBackoff(), 3)), prefix)


def with_error_handler(url: str, prefix: str) -> Flask:
    """Would answer 503, were it asked."""
    app = with_fewer_retries(url, prefix)
    app.register_error_handler(RedisError, lambda _error: ("Please try again later", 503))
    return app


def as_documented(url: str, prefix: str, **settings: object) -> Flask:
    return flask_session_app(Redis.from_url(url), prefix, **settings)


PEERS: dict[str, Callable[[str, str], Flask]] = {
    "Flask-Session": as_documented,
    "`SESSION_REFRESH_EACH_REQUEST = False`": lambda url, prefix: as_documented(
        url, prefix, SESSION_REFRESH_EACH_REQUEST=False
    ),
    '`SESSION_SERIALIZATION_FORMAT = "json"`': lambda url, prefix: as_documented(
        url, prefix, SESSION_SERIALIZATION_FORMAT="json"
    ),
    BY_HOST_AND_PORT: by_host_and_port,
    "a `serializer` of one's own": with_own_serializer,
    "`Redis(retry=Retry(ExponentialBackoff(), 3))`": with_fewer_retries,
    "`@app.errorhandler(RedisError)`": with_error_handler,
    "`regenerate(session)` at the log-in": as_documented,
    "`session.clear()`, then `regenerate(session)`": as_documented,
}
LOGIN_PATHS = {
    "`regenerate(session)` at the log-in": "/login/regenerate",
    "`session.clear()`, then `regenerate(session)`": "/login/clear",
}


@dataclass(frozen=True)
class Site:
    """An app, where its pages are, its cookie's name, and what all that it stores begins with."""

    app: Flask
    store_prefix: str
    prefix: str = ""
    cookie: str = "session"
    login_path: str = "/login"

    def key(self, redis: Redis) -> str:
        """Return the key of its only session."""
        [key] = redis.scan_iter(f"{self.store_prefix}session:*")
        return str(key.decode())


def peer(contender: str, url: str, store_prefix: str) -> Site:
    """Return Flask-Session's site, as documented or with what is offered."""
    app = PEERS[contender](url, store_prefix)
    return Site(app, store_prefix, login_path=LOGIN_PATHS.get(contender, "/login"))


def ours(app: Flask, store_prefix: str) -> Site:
    """Return the lab's `/session`."""
    return Site(add_slow_views(app, "/session"), store_prefix, "/session", cookie_name("sid", secure=False))


class Browser:
    """A visitor's browser at a site."""

    def __init__(self, site: Site, sid: str | None = None) -> None:
        self.site = site
        self.client = site.app.test_client()
        if sid is not None:
            self.client.set_cookie(site.cookie, sid, path=site.prefix or "/")

    def log_in(self, username: str = "alice") -> TestResponse:
        return self.post(self.site.login_path, json={"username": username, "password": PASSWORDS[username]})

    def log_out(self) -> None:
        assert self.post("/logout").status_code in (200, 204)

    def sid(self) -> str | None:
        found = self.client.get_cookie(self.site.cookie, path=self.site.prefix or "/")
        return None if found is None else found.value

    def is_in(self) -> bool:
        status = self.get("/profile").status_code
        assert status in (200, 401)
        return status == 200

    def get(self, path: str) -> TestResponse:
        return self.client.get(self.site.prefix + path)

    def post(self, path: str, **kwargs: object) -> TestResponse:
        return self.client.post(self.site.prefix + path, **kwargs)  # type: ignore[arg-type]
