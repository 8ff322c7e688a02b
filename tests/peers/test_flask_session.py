"""Flask-Session and our `/session`, asked the same: what docs/peers.md says is right, and each cell is a test."""

import pickle
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from time import monotonic

from flask.testing import FlaskClient
from redis import Redis

from tests.peers.conftest import MakeSite
from tests.peers.sites import OURS, Browser, Site
from tests.peers.slow_views import do_meanwhile
from tests.peers.table import row
from tests.session_auth.test_session_records import Bomb
from tests.support.faulty_store import FaultyStore
from tests.support.stopwatch import eventually

NO_RECORD = b"\xc1 no format has this byte"
WRITERS = 8


def logged_in(site: Site) -> Browser:
    """Log in before a test begins to break things: on a slow machine that may take a second try."""
    alice = Browser(site)
    eventually(lambda: alice.log_in().status_code == 200)
    return alice


def let_in(is_in: bool) -> str:
    return "let in" if is_in else "shut out"


@row("A log-out during a slow read: the old cookie")
def test_the_old_cookie_after_a_logout_during_a_slow_read(site: Site, says: str) -> None:
    alice = logged_in(site)
    old = alice.sid()
    do_meanwhile(site.app, Browser(site, old).log_out)
    assert alice.get("/_slow/read").status_code == 200
    assert let_in(Browser(site, old).is_in()) == says


@row("A log-out during a slow write: the old cookie")
def test_the_old_cookie_after_a_logout_during_a_slow_write(site: Site, says: str) -> None:
    alice = logged_in(site)
    old = alice.sid()
    do_meanwhile(site.app, Browser(site, old).log_out)
    assert alice.post("/_slow/write/colour").status_code == 200
    assert let_in(Browser(site, old).is_in()) == says


@row("Eight requests have all read before the first one writes, each a field of its own: fields kept")
def test_the_fields_that_eight_writers_keep(site: Site, says: str) -> None:
    """Each writes after those that came later: the first one last."""
    alice = logged_in(site)
    names = {f"field-{number}" for number in range(WRITERS)}
    left = sorted(names)
    saw: list[str] = []

    def write() -> None:
        name = left.pop()
        if left:
            do_meanwhile(site.app, write)
        written = Browser(site, alice.sid()).post(f"/_slow/write/{name}")
        assert written.status_code == 200
        saw.extend(names & set(written.get_json()))

    write()
    assert (left, saw) == ([], []), "all were answered, and none has seen another's field"
    kept = names & set(alice.get("/_fields").get_json())
    assert f"{len(kept)} of {WRITERS}" == says


@row("A pickle, planted in the store")
def test_what_becomes_of_a_planted_pickle(site: Site, redis: Redis, tmp_path: Path, says: str) -> None:
    alice = logged_in(site)
    redis.set(site.key(redis), pickle.dumps(Bomb(tmp_path / "exploded")))
    alice.get("/profile")
    assert ("run" if (tmp_path / "exploded").exists() else "not run") == says


@row("A corrupt record: the next page · the page after it · the next log-in")
def test_the_answers_after_a_corrupt_record(site: Site, redis: Redis, says: str) -> None:
    alice = logged_in(site)
    redis.set(site.key(redis), NO_RECORD)
    answers = [alice.get("/profile"), alice.get("/profile"), alice.log_in()]
    assert " · ".join(str(answer.status_code) for answer in answers) == says


@row("A store that refuses: a member's page · a public page · the public page in a new browser")
def test_the_answers_of_a_refused_store(make_site: MakeSite, faulty: FaultyStore, contender: str, says: str) -> None:
    """How long it took is printed (`-rP`), and never judged."""
    site = make_site(contender, faulty.url)
    alice = logged_in(site)
    faulty.refuse()

    def ask(client: FlaskClient, path: str) -> str:
        began = monotonic()
        answer = client.get(path)
        print(f"{contender}: {path} {answer.status_code} after {monotonic() - began:.1f} s")
        assert contender != OURS or answer.status_code == 200 or "Retry-After" in answer.headers
        return str(answer.status_code)

    with ThreadPoolExecutor() as threads:
        asked = [(alice.client, f"{site.prefix}/profile"), (alice.client, "/"), (site.app.test_client(), "/")]
        answers = [threads.submit(partial(ask, *each)) for each in asked]
    assert " · ".join(answer.result() for answer in answers) == says


@row("A session id, planted before the log-in: the id after it · the planter")
def test_the_id_and_the_planter_after_the_login(site: Site, says: str) -> None:
    """SECURITY 14: what the planter has is a live id: of a visitor with a basket, or of a login of their own."""
    planter = Browser(site)
    planted = planter.log_in("bob") if site.prefix else planter.post("/basket")
    assert planted.status_code == 200
    alice = Browser(site, planter.sid())
    assert alice.log_in().status_code == 200
    assert alice.is_in()
    same = alice.sid() == planter.sid()
    assert f"{'the same' if same else 'another'} · {let_in(planter.is_in())}" == says
