"""The lab's composition: which parts there are and how they are joined. It decides nothing itself."""

import argparse
import os
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from time import time

from flask import Blueprint, Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from lab.cluster.address import MOST_NODES, Address, CannotStart
from lab.cluster.embedded_store import store_address
from lab.controls import Guard, Switches, answer_only_to, controls_blueprint
from lab.demo import seed_demo
from lab.naive_server import folk_blueprint
from lab.open_access import open_approach
from lab.pages.cases import cases_blueprint
from lab.pages.compare import compare_blueprint
from lab.pages.jwt import jwt_blueprint
from lab.pages.keys import keys_blueprint
from lab.pages.loadtests import loadtests_blueprint
from lab.pages.planner import planner_blueprint
from lab.pages.scale_out import scale_out_blueprint
from lab.pages.storage import storage_blueprint
from lab.pages.tcp import tcp_blueprint
from lab.pages.walkthrough import Look, walkthrough_blueprint
from planner.runs import COMMITTED, Runs
from service import errors
from service.accounts import Change, Members
from service.accounts.attempts import Attempts
from service.accounts.commands import commands as member_commands
from service.accounts.database import Database
from service.accounts.login import Door
from service.approach import Approach
from service.config import BadConfig, Config, keep_files_private, load_config, make_folder
from service.home import home_blueprint, register_languages
from service.measurement.middleware import Measured
from service.pages import Notes, pages_blueprint
from service.readiness import Readiness
from service.store.connection import StoreConnection
from service.web.application import Application
from service.web.fields import MAX_BODY_BYTES
from service.web.headers import Protected
from service.web.unread import ReadToTheEnd
from session_auth.blueprint import MemorySessions, SessionApproach, SessionsByPrefix, SharedSessions
from token_auth import KeyRing
from token_auth.blueprint import REFRESH_TABLES, NoDenylist, RedisDenylist, TokenApproach, jwks_blueprint, open_key_ring
from token_auth.blueprint.key_commands import commands as key_commands


def create_app(config: Config | None = None, now: Callable[[], float] = time) -> Flask:
    """Return the lab's Flask app, configured from the environment if `config` is None. Raise `BadConfig`.

    `now` is the clock that logins are judged by, in seconds since the epoch.
    """
    config = config or load_config()
    app = Application(__name__)
    app.config.update(
        MAX_CONTENT_LENGTH=MAX_BODY_BYTES,
        MAX_FORM_MEMORY_SIZE=MAX_BODY_BYTES,
        MAX_FORM_PARTS=50,
        NODE_NAME=config.node_name,
        PUBLIC_ORIGIN=config.public_origin,
        SESSION_COOKIE_SECURE=config.secure_cookies,
    )
    app.url_map.merge_slashes = False  # its redirect would lead wherever the client's Host header says
    register_languages(app)
    errors.register(app)
    if config.lab:
        answer_only_to(app, config.public_origin, config.front_door)

    store = StoreConnection(partial(store_address, config))
    database = Database(config.database_url)
    members, notes = Members(database), Notes(database)
    key_ring = open_key_ring(config.key_ring_file, config.jwt_algorithm, now, config.refresh_ttl_s)
    door = Door(members, Attempts(store, config.store_prefix), public_passwords=config.lab)
    pages = pages_blueprint(notes, members, synthetic_work=config.lab)

    sessions = SessionApproach("session", app, SharedSessions(store.timed, config.store_prefix), door, config, now)
    tokens = TokenApproach("token", key_ring, database, NoDenylist(), door, config, now)
    denylist = RedisDenylist(store, config.store_prefix)
    hybrid = TokenApproach("hybrid", key_ring, database, denylist, door, config, now)
    approaches: list[Approach] = [sessions, tokens]
    session_interfaces = {"session": sessions.interface}
    if config.lab:
        in_memory = SessionApproach("memory", app, MemorySessions(now), door, config, now)
        approaches += [open_approach(door), in_memory, hybrid]
        session_interfaces["memory"] = in_memory.interface

    # `flask members …` beside a lab does not know that it is one, and the hybrid logins have to hear of it too.
    tell = partial(_tell, {*approaches, hybrid})
    app.session_interface = SessionsByPrefix(session_interfaces)
    for approach in approaches:
        approach.mount(app, pages)
    app.extensions["database"] = database
    readiness = Readiness(config.node_name, store, config.store_prefix, database, key_ring.problem)
    app.register_blueprint(home_blueprint(approaches, config, readiness.readyz))
    app.register_blueprint(jwks_blueprint(key_ring))
    if config.lab:
        keepers = (in_memory, sessions, tokens, hybrid)
        looks = {approach.name: approach.credential.holdings for approach in keepers}
        for blueprint in _walks(config, looks, members, lambda *change: tell(members.set_role(*change))):
            app.register_blueprint(blueprint)
        for blueprint in _exhibits(config, key_ring, database, door, now):
            app.register_blueprint(blueprint)
    app.cli.add_command(member_commands(members, tell))
    app.cli.add_command(key_commands(key_ring))

    database.create_tables()
    database.create_tables(REFRESH_TABLES)
    if config.lab:
        seed_demo(members)
    if config.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=config.trusted_proxies, x_proto=0)  # type: ignore[method-assign]
    protected = Protected(app.wsgi_app, f"{app.static_url_path}/")
    measured = Measured(protected, config.node_name, traces=config.lab)
    app.wsgi_app = ReadToTheEnd(measured)  # type: ignore[method-assign]
    return app


def _walks(
    config: Config, looks: Mapping[str, Look], members: Members, set_role: Callable[[str, str], None]
) -> Iterator[Blueprint]:
    """Yield the pages that need a lab's front door, behind which other clients are played."""
    if config.front_door:
        yield walkthrough_blueprint(config, config.front_door, looks, members, set_role)
        yield cases_blueprint(config)
        yield compare_blueprint(config)


def _exhibits(
    config: Config, key_ring: KeyRing, database: Database, door: Door, now: Callable[[], float]
) -> Iterator[Blueprint]:
    """Yield the lab's other pages; those with switches need its supervisor."""
    yield jwt_blueprint()
    yield storage_blueprint()
    yield tcp_blueprint()
    yield planner_blueprint(Runs((*COMMITTED, config.instance_dir / "loadtests")))
    # A ring of its own beside the lab's, where all nodes look already: nothing is derived from a key that counts.
    folk_keys = open_key_ring(config.key_ring_file.with_name(f"folk-{config.key_ring_file.name}"), "HS256", now)
    yield folk_blueprint(folk_keys, database, door, now)
    if config.control_socket:
        switches = Switches(Guard.of(config), config.control_socket)
        yield controls_blueprint(switches, config.secure_cookies)
        yield scale_out_blueprint(switches.guard)
        yield loadtests_blueprint(switches, config.instance_dir / "loadtests")
        yield keys_blueprint(config, key_ring)


def _tell(approaches: Collection[Approach], change: Change) -> None:
    """Carry a change of a member to every approach; one that is broken does not keep it from the others."""
    failures = []
    for approach in approaches:
        try:
            approach.member_changed(change)
        except errors.StoreUnavailable as failure:
            failures.append(failure)
    if failures:
        raise failures[0]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the lab from the command line; return the exit code: 2 for a bad setting, 1 for a failed start."""
    from lab.cluster import lab  # noqa: PLC0415  # a node, which imports this module too, starts nothing

    options = _options(arguments)
    keep_files_private()
    if not os.environ.get("LAB"):  # an empty variable counts as unset
        os.environ["LAB"] = "1"
    try:
        config = load_config()
        _make_what_nodes_share(config)
        host = options.host or ("0.0.0.0" if options.lan else "127.0.0.1")  # noqa: S104  # that is what --lan asks for
        direct = options.direct or (not config.lab and options.nodes == 1)  # there your own proxy stands in front
        return lab.run(config, Address(host, options.port), options.nodes, options.lan, direct)
    except BadConfig as error:
        print(f"app.py: {error}", file=sys.stderr)
        return 2
    except CannotStart as error:
        print(f"app.py: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:  # before there was anything to end
        return 130


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="app.py", description="Session or token? A lab that runs both.")
    parser.add_argument("--host", help="the address to listen on (default: 127.0.0.1; with --lan every one)")
    parser.add_argument("--port", type=int, default=8000, help="the port to listen on (default: %(default)s)")
    parser.add_argument("--nodes", type=int, default=1, help="how many nodes to run (default: %(default)s)")
    parser.add_argument("--direct", action="store_true", help="one node on the port itself, for measuring: no balancer")
    parser.add_argument("--lan", action="store_true", help="let other machines in, to the switches with a code")
    options = parser.parse_args(arguments)
    if not 1 <= options.nodes <= MOST_NODES:
        parser.error(f"--nodes takes a number from 1 to {MOST_NODES}")
    if options.direct and options.nodes != 1:
        parser.error("--direct is for one node")
    if options.host == "":
        parser.error("--host takes an address or a name")
    if not 1 <= options.port <= 65535:
        parser.error("--port takes a number from 1 to 65535")
    return options


def _make_what_nodes_share(config: Config) -> None:
    """Make the key ring and the member database, and find what is wrong with them, once and in one line."""
    if "instance_dir" in config.model_fields_set:
        make_folder("INSTANCE_DIR", config.instance_dir)
    create_app(config).extensions["database"].engine.dispose()


if __name__ == "__main__":
    sys.exit(main())
