"""What is measured: each arm is a WSGI application and a request that it answers with the same profile."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask, jsonify, session
from flask_jwt_extended import JWTManager, create_access_token, get_jwt_identity, jwt_required
from flask_session import Session
from redis import Redis
from werkzeug.test import EnvironBuilder

from app import create_app
from config import Config

Environ = dict[str, Any]
PROFILE = {"member": {"id": "alice", "username": "alice", "role": "user"}, "node": "node-1"}


@dataclass(frozen=True)
class Arm:
    """One contender: `app` answers `environ` with 200."""

    name: str
    app: Callable[..., Any]
    environ: Environ


def all_arms(folder: Path, store_url: str) -> Iterator[Arm]:
    """Yield the arms: the floor, ours, and the peers."""
    yield bare_flask()
    yield from lab_arms(folder, store_url, "HS256", ("open", "memory", "session", "token", "hybrid"))
    yield from lab_arms(folder, store_url, "EdDSA", ("token",))
    yield flask_session_default(store_url)
    yield flask_session_without_refresh(store_url)
    yield flask_jwt_extended(None)
    yield flask_jwt_extended(store_url)


def bare_flask() -> Arm:
    """Flask and nothing else."""
    app = Flask("bare")
    app.add_url_rule("/profile", view_func=lambda: jsonify(PROFILE))
    return Arm("bare Flask", app, environ("/profile"))


def lab_arms(folder: Path, store_url: str, algorithm: str, approaches: tuple[str, ...]) -> Iterator[Arm]:
    """Ours, each logged in as alice."""
    config = Config(
        redis_url=store_url,
        store_prefix=f"bench-{algorithm}:",
        database_url=f"sqlite:///{folder / 'lab.db'}",
        key_ring_file=folder / f"{algorithm}.json",
        jwt_algorithm=algorithm,
        lab=True,
    )
    app = create_app(config)
    for approach in approaches:
        client = app.test_client()
        body = client.post(f"/{approach}/login", json={"username": "alice", "password": "wonderland"}).get_json()
        cookie = client.get_cookie("sot_sid", path=f"/{approach}")
        headers = {"Authorization": f"Bearer {body['access_token']}"} if "access_token" in body else {}
        if cookie is not None:
            headers["Cookie"] = f"sot_sid={cookie.value}"
        name = f"/{approach}" if approach != "token" else f"/token {algorithm}"
        yield Arm(name, app, environ(f"/{approach}/profile", headers))


def flask_session_default(store_url: str) -> Arm:
    """Flask-Session as its documentation sets it up."""
    return _flask_session("Flask-Session, default", store_url, refresh=True)


def flask_session_without_refresh(store_url: str) -> Arm:
    """Flask-Session that rewrites nothing on a read; nothing slides then."""
    return _flask_session("Flask-Session, refresh off", store_url, refresh=False)


def _flask_session(name: str, store_url: str, refresh: bool) -> Arm:
    app = Flask(name)
    app.config.update(
        SESSION_TYPE="redis", SESSION_REDIS=Redis.from_url(store_url), SESSION_REFRESH_EACH_REQUEST=refresh
    )
    Session(app)

    @app.post("/login")
    def login() -> Any:
        session.update(PROFILE)
        return jsonify(ok=True)

    @app.get("/profile")
    def profile() -> Any:
        if "member" not in session:
            return jsonify(error="log in"), 401
        return jsonify(member=session["member"], node=session["node"])

    client = app.test_client()
    client.post("/login")
    return Arm(name, app, environ("/profile", {"Cookie": f"session={client.get_cookie('session').value}"}))


def flask_jwt_extended(blocklist_url: str | None) -> Arm:
    """Flask-JWT-Extended; with `blocklist_url`, checking each token against a blocklist in Redis."""
    name = "Flask-JWT-Extended" + (", blocklist" if blocklist_url else "")
    app = Flask(name)
    app.config["JWT_SECRET_KEY"] = "for this benchmark only, and 32 bytes at least"
    manager = JWTManager(app)
    if blocklist_url:
        redis = Redis.from_url(blocklist_url)
        manager.token_in_blocklist_loader(lambda _header, claims: redis.get(f"blocked:{claims['jti']}") is not None)

    @app.get("/profile")
    @jwt_required()
    def profile() -> Any:
        return jsonify(member={**PROFILE["member"], "id": get_jwt_identity()}, node="node-1")

    with app.app_context():
        token = create_access_token("alice", additional_claims={"role": "user"})
    return Arm(name, app, environ("/profile", {"Authorization": f"Bearer {token}"}))


def environ(path: str, headers: dict[str, str] | None = None) -> Environ:
    """Return the WSGI environ of a GET."""
    return EnvironBuilder(path=path, headers=headers).get_environ()


@contextmanager
def counting_commands(store_url: str) -> Iterator[Callable[[], int]]:
    """Yield a function that returns how many commands the store has carried out, by its own count."""
    with Redis.from_url(store_url) as redis:
        yield lambda: int(redis.info("stats")["total_commands_processed"])
