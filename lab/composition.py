"""Add the lab to the service: three more approaches, the lab's members, its trace and its pages."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from flask import Blueprint, Flask

from lab.approaches import approaches_blueprint
from lab.controls import Guard, Switches, answer_only_to, controls_blueprint
from lab.demo import seed_demo
from lab.naive_server import naive_server_blueprint
from lab.open_access import open_approach
from lab.pages.cases import cases_blueprint
from lab.pages.compare import compare_blueprint
from lab.pages.jwt import jwt_blueprint
from lab.pages.keys import keys_blueprint
from lab.pages.loadtests import loadtests_blueprint
from lab.pages.missions import Ground, missions_blueprint
from lab.pages.planner import planner_blueprint
from lab.pages.scale_out import scale_out_blueprint
from lab.pages.storage import backend_blueprint, readable_blueprint, storage_blueprint
from lab.pages.study_notes import study_notes_blueprint
from lab.pages.tcp import tcp_blueprint
from lab.pages.walkthrough import walkthrough_blueprint
from lab.sacrificial_ring import Rings, sacrificial_ring_blueprint
from lab.trace import Traced
from lab.trials import Trials
from lab.unsafe_server import unsafe_server_blueprint
from planner.runs import COMMITTED, Runs
from service.accounts import MemberChange, Members
from service.accounts.database import Database
from service.accounts.login import PasswordLogin
from service.accounts.public_members import DEMO_MEMBERS, DemoMember
from service.approach import Approach
from service.approaches import MEMORY, in_order
from service.config import Config
from service.pages import Notes
from service.store.connection import StoreCommands
from session_auth.blueprint import MemorySessions, SessionApproach, SharedSessions
from token_auth import KeyRing
from token_auth.blueprint import TokenApproach, open_key_ring


@dataclass(frozen=True)
class Parts:
    """The parts of the service that a lab uses. A lab appends to the lists of approaches and of demo members.

    `hybrid` exists without a lab too, but only a lab mounts it. `notify` applies a change of a member to the live
    logins of every approach in the list.
    """

    config: Config
    now: Callable[[], float]
    store: StoreCommands
    database: Database
    members: Members
    password_login: PasswordLogin
    key_ring: KeyRing
    sessions: SessionApproach
    tokens: TokenApproach
    hybrid: TokenApproach
    approaches: list[Approach]
    demo_members: list[DemoMember]
    notify: Callable[[MemberChange], None]


def add_to(app: Flask, parts: Parts) -> None:
    """Add the lab to `app`. Raise `StoreUnavailable` if the database stays locked while members are added."""
    answer_only_to(app, parts.config.public_origin, parts.config.front_door)
    in_memory = SessionApproach(MEMORY, app, MemorySessions(parts.now), parts.password_login, parts.config, parts.now)
    parts.approaches.extend([open_approach(parts.password_login), in_memory, parts.hybrid])
    parts.demo_members.extend(DEMO_MEMBERS)
    for blueprint in (*_walks(parts), *_places(parts), *_other_pages(parts), *_missions(parts, in_memory)):
        app.register_blueprint(blueprint)
    app.wsgi_app = Traced(app.wsgi_app)  # type: ignore[method-assign]
    seed_demo(parts.members)


def _walks(parts: Parts) -> Iterator[Blueprint]:
    """Yield the pages that need the lab's balancer, because they simulate other clients."""
    config, members = parts.config, parts.members
    if config.front_door:
        keepers = [each for each in parts.approaches if isinstance(each, SessionApproach | TokenApproach)]
        find_records = {each.name: each.credential.stored_records for each in keepers}
        yield walkthrough_blueprint(
            config,
            config.front_door,
            [each.name for each in parts.approaches if each.facts.has_logins],
            find_records,
            members,
            lambda *change: parts.notify(members.set_role(*change)),
        )
        yield cases_blueprint(config)
        yield compare_blueprint(config)


def _places(parts: Parts) -> Iterator[Blueprint]:
    """Yield the two places of `/storage` that no approach has. Their tokens are those of `/token`."""
    config, tokens, notes = parts.config, parts.tokens.credential, Notes(parts.database)
    store = SharedSessions(parts.store.timed, f"{config.store_prefix}backend:")
    yield backend_blueprint(config, store, tokens, parts.password_login, notes, parts.now)
    yield readable_blueprint(tokens, parts.password_login, config.secure_cookies, notes)


def _other_pages(parts: Parts) -> Iterator[Blueprint]:
    """Yield the lab's other pages. Those with controls need its supervisor."""
    config, approaches = parts.config, in_order(each.facts for each in parts.approaches)
    yield approaches_blueprint(approaches, config)
    yield jwt_blueprint()
    yield storage_blueprint()
    yield study_notes_blueprint()
    yield tcp_blueprint(config, parts.members)
    yield planner_blueprint(approaches, Runs((*COMMITTED, config.instance_dir / "loadtests")))
    # A separate key ring, in the folder that all nodes use: the unsafe server must not use the lab's keys.
    naive_ring_file = config.key_ring_file.with_name(f"folk-{config.key_ring_file.name}")
    yield naive_server_blueprint(
        open_key_ring(naive_ring_file, "HS256", parts.now), parts.database, parts.password_login, parts.now
    )
    yield sacrificial_ring_blueprint(config, parts.database, parts.now)
    if config.control_socket:
        switches = Switches(Guard.of(config), config.control_socket)
        yield controls_blueprint(switches)
        yield scale_out_blueprint(switches.guard)
        yield loadtests_blueprint(switches, config.instance_dir)
        yield keys_blueprint(config, parts.key_ring)


def _missions(parts: Parts, in_memory: SessionApproach) -> Iterator[Blueprint]:
    """Yield the missions, and the unsafe servers that some of them attack."""
    config, now, trials = parts.config, parts.now, Trials(parts.database, parts.now)
    ground = Ground(
        config=config,
        now=now,
        members=parts.members,
        memory=in_memory,
        session=parts.sessions,
        token=parts.tokens,
        hybrid=parts.hybrid,
        rings=Rings(parts.database, now),
        trials=trials,
    )
    yield missions_blueprint(ground)
    yield unsafe_server_blueprint(config, trials, now)
