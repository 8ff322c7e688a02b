"""The composition root: creates all parts and connects them."""

import argparse
import os
import sys
from collections.abc import Callable, Collection, Sequence
from time import time

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from service import errors
from service.accounts import MemberChange, Members
from service.accounts.attempts import Attempts
from service.accounts.commands import commands as member_commands
from service.accounts.database import Database
from service.accounts.login import PasswordLogin
from service.accounts.public_members import DemoMember
from service.approach import Approach
from service.approaches import HYBRID, SESSION, TOKEN
from service.config import BadConfig, Config, keep_files_private, load_config, make_folder
from service.home import home_blueprint, register_languages
from service.measurement.middleware import Measured
from service.mounting import mount
from service.pages import Notes, pages_blueprint
from service.readiness import Readiness
from service.store.connection import StoreCommands
from service.terminal import _
from service.web.application import Application
from service.web.fields import MAX_BODY_BYTES
from service.web.headers import SecurityHeaders
from service.web.unread import ReadToTheEnd
from session_auth.blueprint import PrefixSessionInterface, SessionApproach, SharedSessions
from token_auth.blueprint import REFRESH_TABLES, NoDenylist, RedisDenylist, TokenApproach, jwks_blueprint, open_key_ring
from token_auth.blueprint.key_commands import commands as key_commands

AddApproach = Callable[[Flask, PasswordLogin], Approach]


def create_app(
    config: Config | None = None, now: Callable[[], float] = time, more: Sequence[AddApproach] = ()
) -> Flask:
    """Return the Flask app, configured from the environment if `config` is None. Raise `BadConfig`.

    `now` returns seconds since the epoch, for all logins. `more`: functions that return one more approach each. With
    `LAB=0` and `REDIS_URL` nothing of `lab` is imported.
    """
    config = config or load_config()
    app = _application(config)

    store = StoreCommands(lambda: _store_address(config))
    database = Database(config.database_url)
    members = Members(database)
    key_ring = open_key_ring(config.key_ring_file, config.jwt_algorithm, now, config.refresh_ttl_s)
    database.create_tables()
    database.create_tables(REFRESH_TABLES)
    app.extensions["database"] = database
    password_login = PasswordLogin(members, Attempts(store, config.store_prefix), public_passwords=config.lab)

    sessions = SessionApproach(
        SESSION, app, SharedSessions(store.timed, config.store_prefix), password_login, config, now
    )
    tokens = TokenApproach(TOKEN, key_ring, database, NoDenylist(), password_login, config, now)
    denylist = RedisDenylist(store, config.store_prefix)
    hybrid = TokenApproach(HYBRID, key_ring, database, denylist, password_login, config, now)
    approaches: list[Approach] = [sessions, tokens, *(add(app, password_login) for add in more)]
    demo_members: list[DemoMember] = []

    def notify(change: MemberChange) -> None:
        # `flask members …` next to a lab may run with LAB=0, and must still change the hybrid logins.
        _notify({*approaches, hybrid}, change)

    if config.lab:
        from lab.composition import Parts, add_to  # noqa: PLC0415  # not imported with LAB=0

        parts = Parts(
            config=config,
            now=now,
            store=store,
            database=database,
            members=members,
            password_login=password_login,
            key_ring=key_ring,
            sessions=sessions,
            tokens=tokens,
            hybrid=hybrid,
            approaches=approaches,
            demo_members=demo_members,
            notify=notify,
        )
        add_to(app, parts)

    with_cookies = [approach for approach in approaches if isinstance(approach, SessionApproach)]
    app.session_interface = PrefixSessionInterface({approach.name: approach.interface for approach in with_cookies})
    pages = pages_blueprint(Notes(database), members, synthetic_work=config.lab)
    for approach in approaches:
        mount(app, approach, pages)
    readiness = Readiness(config.node_name, store, config.store_prefix, database, key_ring.problem)
    app.register_blueprint(home_blueprint(approaches, demo_members, config, readiness.readyz))
    app.register_blueprint(jwks_blueprint(key_ring))
    app.cli.add_command(member_commands(members, notify, _seed_load_members))
    app.cli.add_command(key_commands(key_ring))
    app.wsgi_app = ReadToTheEnd(app.wsgi_app)  # type: ignore[method-assign]  # includes the lab's WSGI wrappers
    return app


def _application(config: Config) -> Flask:
    """Return an app with its limits, languages, error handlers and security headers."""
    app = Application(__name__)
    app.config.update(
        MAX_CONTENT_LENGTH=MAX_BODY_BYTES,
        MAX_FORM_MEMORY_SIZE=MAX_BODY_BYTES,
        MAX_FORM_PARTS=50,
        NODE_NAME=config.node_name,
        PUBLIC_ORIGIN=config.public_origin,
        SESSION_COOKIE_SECURE=config.secure_cookies,
    )
    app.url_map.merge_slashes = False  # its redirect would use the client's Host header
    register_languages(app)
    errors.register(app)
    if config.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=config.trusted_proxies, x_proto=0)  # type: ignore[method-assign]
    with_security_headers = SecurityHeaders(app.wsgi_app, f"{app.static_url_path}/")
    app.wsgi_app = Measured(with_security_headers, config.node_name, refusals_too=config.lab)  # type: ignore[method-assign]
    return app


def _store_address(config: Config) -> str:
    """Return the store's address; if unset, that of an embedded store: a running lab's, or a new one for this process.

    The embedded store is part of the lab, so its code is imported only here.
    """
    if config.redis_url:
        return config.redis_url
    from lab.cluster.embedded_store import store_address  # noqa: PLC0415

    return store_address(config)


def _seed_load_members(members: Members, count: int) -> int:
    """Run `flask members seed`, and import the lab's part for it."""
    from lab.demo import seed_load_members  # noqa: PLC0415

    return seed_load_members(members, count)


def _notify(approaches: Collection[Approach], change: MemberChange) -> None:
    """Apply a change of a member to every approach, even if one of them fails."""
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
    # Imported here, because nodes import this module too.
    from lab.cluster import lab  # noqa: PLC0415
    from lab.cluster.address import MOST_NODES, Address, CannotStart  # noqa: PLC0415

    options = _options(arguments, MOST_NODES)
    keep_files_private()
    if not os.environ.get("LAB"):  # an empty variable counts as unset
        os.environ["LAB"] = "1"
    try:
        config = load_config()
        _make_what_nodes_share(config)
        host = options.host or ("0.0.0.0" if options.lan else "127.0.0.1")  # noqa: S104  # because of --lan
        direct = options.direct or (not config.lab and options.nodes == 1)  # then your own proxy is in front
        return lab.run(config, Address(host, options.port), options.nodes, options.lan, direct)
    except BadConfig as error:
        print(f"app.py: {error}", file=sys.stderr)
        return 2
    except CannotStart as error:
        print(f"app.py: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:  # nothing to end yet
        return 130


def _options(arguments: Sequence[str] | None, most_nodes: int) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="app.py", description=_("Session or token? A lab that runs both."))
    parser.add_argument("--host", help=_("the address to listen on (default: 127.0.0.1; with --lan: all addresses)"))
    parser.add_argument("--port", type=int, default=8000, help=_("the port to listen on (default: %(default)s)"))
    parser.add_argument("--nodes", type=int, default=1, help=_("how many nodes to run (default: %(default)s)"))
    parser.add_argument(
        "--direct", action="store_true", help=_("one node on the port, without a balancer, to measure it")
    )
    parser.add_argument(
        "--lan", action="store_true", help=_("let other machines use the lab; its controls need a code")
    )
    options = parser.parse_args(arguments)
    if not 1 <= options.nodes <= most_nodes:
        parser.error(_("--nodes must be a number from 1 to %(most)s", most=most_nodes))
    if options.direct and options.nodes != 1:
        parser.error(_("--direct needs --nodes 1"))
    if options.host == "":
        parser.error(_("--host must be an address or a name"))
    if not 1 <= options.port <= 65535:
        parser.error(_("--port must be a number from 1 to 65535"))
    return options


def _make_what_nodes_share(config: Config) -> None:
    """Create the key ring and the member database, so that a fault is reported once and in one line."""
    if config.instance_dir != Config.instance_dir:
        make_folder("INSTANCE_DIR", config.instance_dir)
    create_app(config).extensions["database"].engine.dispose()


if __name__ == "__main__":
    sys.exit(main())
