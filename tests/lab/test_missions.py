"""Each mission is solved as its solution says, and not by wrong ways; what it hands out opens nothing else.

The solutions' own commands are run against a running lab in `tests/lab/test_mission_solutions.py`.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import inspect
from werkzeug.test import TestResponse

from lab import trials
from lab.pages.missions import ground
from lab.pages.missions.each import MISSIONS
from lab.unsafe_server.adopted_session import MOST_SESSIONS
from service.config import DAY_S
from tests.conftest import Clock, MakeApp, MakeVisitor
from tests.support.faulty_store import FaultyStore
from tests.support.forge import b64, claims_of, header_of, hs256, unb64
from tests.support.problems import assert_problem
from tests.support.visitor import BY_SESSION, BY_TOKEN, GUARDED, Visitor, add_member


class Try:
    """A visitor's try at a mission, with a browser of its own for the unsafe server."""

    def __init__(self, app: Flask, mission: str, address: str = "127.0.0.1") -> None:
        self.app, self.mission, self.client = app, mission, app.test_client()
        begun = self.client.post(f"/missions/{mission}/trials", json={}, environ_base={"REMOTE_ADDR": address})
        assert begun.status_code == 201, begun.text
        self.trial = begun.get_json()["trial"]
        self.given: dict[str, str] = begun.get_json()["given"]
        self.site = f"/unsafe/{self.trial}"

    def check(self, **answers: str) -> tuple[bool, str]:
        judged = self.ask_to_check(**answers)
        assert judged.status_code == 200, judged.text
        return judged.get_json()["solved"], judged.get_json()["says"]

    def ask_to_check(self, **answers: Any) -> TestResponse:
        return self.client.post(f"/missions/{self.mission}/trials/{self.trial}/check", json=answers)

    def player(self, approach: str) -> Visitor:
        """Return the member of this try, logged in."""
        return Visitor(self.app, approach).login(self.given["MEMBER"], self.given["PASSWORD"])


BeginTry = Callable[[str], Try]


@pytest.fixture
def begin(app: Flask) -> BeginTry:
    return lambda mission: Try(app, mission)


def assert_not_yet(verdict: tuple[bool, str], saying: str) -> None:
    solved, says = verdict
    assert not solved
    assert saying in says


# -- which node


def test_the_node_that_knows_a_login_shows_its_id_and_another_one_does_not(make_app: MakeApp) -> None:
    here, elsewhere = make_app(node_name="node-1"), make_app(node_name="node-2")
    mine = Try(here, "which-node")
    name, _, value = mine.given["COOKIE"].partition("=")

    def logins(of: Flask) -> TestResponse:
        client = of.test_client()
        client.set_cookie(name, value, path="/memory")
        return client.get("/memory/logins")

    assert_problem(logins(elsewhere), 401, "invalid_session")
    [login] = [each for each in logins(here).get_json()["logins"] if each["current"]]
    mine.app = elsewhere  # any node judges
    mine.client = elsewhere.test_client()
    assert_not_yet(mine.check(node="node-1", login_id="guessed"), "not the id of your login")
    assert_not_yet(mine.check(node="node-2", login_id=login["id"]), "X-Node")
    assert mine.check(node=" node-1\n", login_id=login["id"])[0]


# -- read a token


def test_a_login_id_is_read_and_a_token_id_is_not_one(begin: BeginTry) -> None:
    mine = begin("read-a-token")
    claims = claims_of(mine.given["TOKEN"])
    assert_not_yet(mine.check(login_id=claims["jti"]), "jti")
    assert_not_yet(mine.check(login_id=mine.given["TOKEN"].split(".")[1]), "Decode")
    assert mine.check(login_id=claims["login_id"])[0]


# -- stay logged in


def test_a_token_whose_login_has_ended_solves_it_and_any_other_does_not(begin: BeginTry, visitor: MakeVisitor) -> None:
    mine = begin("stay-logged-in")
    player = mine.player("token")
    assert_not_yet(mine.check(access_token=player.refresh_token or ""), "refuses")
    assert_not_yet(mine.check(access_token=player.access or ""), "Log out first")
    assert player.post("logout").status_code == 204
    assert mine.check(access_token=player.access or "")[0]
    alice = visitor("token").login("alice")
    assert alice.post("logout").status_code == 204
    assert_not_yet(mine.check(access_token=alice.access or ""), mine.given["MEMBER"])
    assert_not_yet(mine.check(access_token=mine.player("hybrid").access or ""), "refuses")


def test_a_token_that_has_expired_does_not_stay_logged_in(begin: BeginTry, clock: Clock) -> None:
    mine = begin("stay-logged-in")
    player = mine.player("token")
    player.post("logout")
    clock.advance(301)
    assert_not_yet(mine.check(access_token=player.access or ""), "expired")


# -- log out a token


def test_a_phone_is_logged_out_from_elsewhere_and_not_by_waiting_or_by_ending_another_login(
    begin: BeginTry, clock: Clock
) -> None:
    mine = begin("log-out-a-token")
    assert_not_yet(mine.check(), "accepted")
    clock.advance(301)  # its access token has expired, and it refreshes
    assert_not_yet(mine.check(), "accepted")
    assert mine.player("hybrid").post("logout").status_code == 204
    assert mine.player("token").delete("logins").status_code == 204
    assert_not_yet(mine.check(), "accepted")
    player = mine.player("hybrid")
    others = [login["id"] for login in player.get("logins").get_json()["logins"] if not login["current"]]
    assert [player.delete(f"logins/{each}").status_code for each in others] == [204]
    assert mine.check()[0]


# -- a noticed theft


def refreshed(app: Flask, token: str) -> str:
    answer = app.test_client().post("/token/refresh", json={"refresh_token": token})
    assert answer.status_code == 200, answer.text
    return str(answer.get_json()["refresh_token"])


def test_a_theft_is_noticed_when_the_successor_was_used_too(app: Flask, begin: BeginTry) -> None:
    mine = begin("noticed-theft")
    stolen = refreshed(app, mine.given["REFRESH_TOKEN"])
    latest = refreshed(app, stolen)
    assert mine.check()[0]
    answer = app.test_client().post("/token/refresh", json={"refresh_token": latest})
    assert_problem(answer, 401, "refresh_invalid")


def test_one_use_within_the_grace_period_is_not_noticed_and_the_next_one_still_solves_it(
    app: Flask, begin: BeginTry
) -> None:
    mine = begin("noticed-theft")
    assert_not_yet(mine.check(), "as usual")
    same = refreshed(app, mine.given["REFRESH_TOKEN"])  # the member's successor: two tabs get the same
    refreshed(app, refreshed(app, same))
    assert mine.check()[0]


def test_a_log_out_is_not_a_noticed_theft(app: Flask, begin: BeginTry) -> None:
    mine = begin("noticed-theft")
    headers = {"X-Refresh-Token": mine.given["REFRESH_TOKEN"]}
    assert app.test_client().post("/token/logout", headers=headers).status_code == 204
    assert_not_yet(mine.check(), "log-out")


# -- alg: none


def unsigned(header: dict[str, Any], claims: dict[str, Any], signature: str = "") -> str:
    return f"{b64(json.dumps(header).encode())}.{b64(json.dumps(claims).encode())}.{signature}"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize("alg", ["none", "None", "NONE"])
def test_an_unsigned_admin_reads_the_report(begin: BeginTry, alg: str) -> None:
    mine = begin("alg-none")
    claims = claims_of(mine.given["TOKEN"])
    forged = unsigned({"alg": alg}, {**claims, "role": "admin"})
    report = mine.client.get(f"{mine.site}/admin", headers=bearer(forged)).get_json()["report"]
    assert_not_yet(mine.check(report=forged), "That is a token")
    assert_not_yet(mine.check(report="report-"), "not the report")
    assert mine.check(report=report)[0]


def test_the_unsafe_server_refuses_what_is_not_its_hole(begin: BeginTry, clock: Clock) -> None:
    mine = begin("alg-none")
    token = mine.given["TOKEN"]
    claims, admin = claims_of(token), f"{mine.site}/admin"
    assert mine.client.get(f"{mine.site}/profile", headers=bearer(token)).get_json()["member"]["role"] == "user"
    assert_problem(mine.client.get(admin), 401, "no_credentials")
    assert_problem(mine.client.get(admin, headers=bearer(token)), 403, "forbidden")
    changed = unsigned(header_of(token), {**claims, "role": "admin"}, token.rpartition(".")[2])
    assert_problem(mine.client.get(admin, headers=bearer(changed)), 401, "invalid_token", naming="signature")
    guessed = hs256(header_of(token), {**claims, "role": "admin"}, b"secret")
    assert_problem(mine.client.get(admin, headers=bearer(guessed)), 401, "invalid_token")
    for odd in ({}, {**claims, "role": 1}, {**claims, "exp": "never"}, {**claims, "sub": "\ud800", "role": "admin"}):
        answer = mine.client.get(admin, headers=bearer(unsigned({"alg": "none"}, odd)))
        assert_problem(answer, 401, "invalid_token")
    for odd_token in ("", "x", "..", "...", "a.b.c.d", "é.é.é", f"{b64(b'[1]')}.{b64(b'7')}.", "W" * 6000):
        header = {"Authorization": f"Bearer {odd_token}".encode().decode("latin-1")}
        assert_problem(mine.client.get(admin, headers=header), 401, "invalid_token")
    clock.advance(DAY_S)
    assert_problem(mine.client.get(admin, headers=bearer(token)), 401, "expired_token")


# -- session fixation


def use(mine: Try, session_id: str) -> TestResponse:
    mine.client.set_cookie(mine.given["COOKIE"], session_id, path=mine.site)
    return mine.client.get(f"{mine.site}/notes")


def test_bob_reads_alices_note_under_an_id_that_he_planted(begin: BeginTry) -> None:
    mine = begin("bobs-tools")
    bobs = {"username": "bob", "password": mine.given["PASSWORD"]}
    adopted = mine.client.get(f"{mine.site}/login?sid=planted").get_json()["session_id"]
    assert mine.client.post(f"{mine.site}/login", json=bobs).status_code == 200
    own = mine.client.get(f"{mine.site}/notes").get_json()["notes"][0]
    assert_not_yet(mine.check(note=own), "bob’s own")
    assert_not_yet(mine.check(note="alice-"), "not alice’s note")
    sent = mine.client.post(f"{mine.site}/mail", json={"link": f"http://127.0.0.1:1{mine.site}/login?sid={adopted}"})
    assert sent.status_code == 200
    assert mine.check(note=use(mine, "planted").get_json()["notes"][0])[0]


def test_without_a_planted_id_bob_has_only_his_own_session(begin: BeginTry) -> None:
    mine = begin("bobs-tools")
    assert_problem(mine.client.get(f"{mine.site}/notes"), 401, "no_credentials")
    assert_problem(use(mine, "made-up"), 401, "invalid_session")
    assert mine.client.post(f"{mine.site}/mail", json={"link": f"{mine.site}/login"}).status_code == 200
    assert_problem(use(mine, "made-up"), 401, "invalid_session")
    wrong = {"username": "alice", "password": mine.given["PASSWORD"]}
    assert_problem(mine.client.post(f"{mine.site}/login", json=wrong), 401, "invalid_credentials")


@pytest.mark.parametrize(
    "link", ["/session/login?sid=x", "https://example.com/", "http://[", "javascript:alert(1)", "x"]
)
def test_alice_opens_no_other_link(begin: BeginTry, link: str) -> None:
    mine = begin("bobs-tools")
    assert_problem(mine.client.post(f"{mine.site}/mail", json={"link": link}), 400, "bad_request", naming="Alice")


def test_an_unsafe_server_keeps_few_sessions(app: Flask, begin: BeginTry) -> None:
    """SECURITY 33."""
    mine = begin("bobs-tools")
    for number in range(MOST_SESSIONS + 5):
        mine.client.post(f"{mine.site}/mail", json={"link": f"{mine.site}/login?sid=s{number}"})
    with app.extensions["database"].engine.connect() as connection:
        kept = json.loads(str(connection.exec_driver_sql("SELECT kept FROM mission_trials").scalar()))
    assert list(kept["sessions"]) == [f"s{number}" for number in range(5, MOST_SESSIONS + 5)]


# -- a leaked key


def test_a_token_signed_with_the_leaked_key_is_an_admins(begin: BeginTry, clock: Clock) -> None:
    mine = begin("leaked-key")
    ring = mine.given["RING"].removeprefix("$LAB")
    real = mine.client.post(f"{ring}/tokens", json={"username": "gretel"}).get_json()["token"]
    assert_not_yet(mine.check(token=real), "role is user")
    header, now = {"alg": "HS256", "kid": mine.given["KID"]}, int(clock())
    claims = {"iss": mine.given["ISSUER"], "sub": "mallory", "role": "admin", "iat": now, "exp": now + 60}
    secret = unb64(mine.given["SECRET"])
    assert_not_yet(mine.check(token=hs256(header, claims, b"k" * 32)), "No key")
    assert_not_yet(mine.check(token=hs256(header, {**claims, "iss": "another"}, secret)), "another ring")
    assert_not_yet(mine.check(token=unsigned({"alg": "none"}, claims)), "refuses")
    assert_not_yet(mine.check(token=mine.given["SECRET"]), "refuses")
    assert mine.check(token=hs256(header, claims, secret))[0]


def test_another_visitors_leaked_key_signs_nothing_here(begin: BeginTry, clock: Clock) -> None:
    mine, theirs = begin("leaked-key"), begin("leaked-key")
    now = int(clock())
    claims = {"iss": theirs.given["ISSUER"], "sub": "m", "role": "admin", "iat": now, "exp": now + 60}
    token = hs256({"alg": "HS256", "kid": theirs.given["KID"]}, claims, unb64(theirs.given["SECRET"]))
    assert_not_yet(mine.check(token=token), "refuses")
    assert theirs.check(token=token)[0]


# -- another site


def test_only_a_cross_site_request_with_the_cookie_spends_a_coin_for_the_mission(begin: BeginTry) -> None:
    mine = begin("other-site")
    transfer, cross = f"{mine.site}/transfer", {"Sec-Fetch-Site": "cross-site"}
    assert_not_yet(mine.check(), "No request")
    assert_problem(mine.client.post(transfer, headers=cross), 401, "no_credentials")
    assert_not_yet(mine.check(), "as POST, but without alice’s cookie")
    entered = mine.client.get(f"{mine.site}/enter")
    cookie = entered.headers["Set-Cookie"]
    assert "SameSite=Lax" in cookie
    assert "HttpOnly" in cookie
    assert f"Path={mine.site}" in cookie
    for site in ("none", "same-origin", "same-site"):
        assert mine.client.get(transfer, headers={"Sec-Fetch-Site": site}).status_code == 200
        assert_not_yet(mine.check(), site)
    mine.client.get(transfer)
    assert_not_yet(mine.check(), "Sec-Fetch-Site")
    mine.client.get(transfer, headers={"Sec-Fetch-Site": "<script>"})
    assert_not_yet(mine.check(), "Sec-Fetch-Site")
    assert mine.client.get(transfer, headers=cross).get_json() == {"sent_to": "bob", "coins": 4}
    mine.client.get(transfer)  # a later request does not undo it
    assert mine.check()[0]


# -- the store is down


def test_a_token_works_while_the_store_is_down_and_the_session_afterwards(
    make_app: MakeApp, faulty: FaultyStore, clock: Clock
) -> None:
    mine = Try(make_app(redis_url=faulty.url), "store-down")
    sessions, tokens = mine.player("session"), mine.player("token")
    right = {"access_token": tokens.access or "", "session_id": sessions.cookie("sid") or ""}
    assert_not_yet(mine.check(**right), "The store answers")
    clock.advance(1)
    faulty.refuse()
    assert_not_yet(mine.check(**{**right, "access_token": tokens.refresh_token or ""}), "The store is down. The server")
    assert_not_yet(mine.check(**right), "Half is done")
    faulty.heal()
    assert_not_yet(eventually_up(mine, {**right, "session_id": "made-up"}), "no login of load-")
    assert mine.check(**right)[0]


def eventually_up(mine: Try, answers: dict[str, str]) -> tuple[bool, str]:
    """Check until the store's client asks the store again."""
    verdict = mine.check(**answers)
    while "Half is done" in verdict[1]:
        verdict = mine.check(**answers)
    return verdict


def test_a_session_that_began_afterwards_did_not_outlive_the_store(
    make_app: MakeApp, faulty: FaultyStore, clock: Clock
) -> None:
    mine = Try(make_app(redis_url=faulty.url), "store-down")
    access = mine.player("token").access or ""
    faulty.refuse()
    assert_not_yet(mine.check(access_token=access, session_id="x"), "Half is done")
    faulty.heal()
    eventually_up(mine, {"access_token": access, "session_id": "x"})
    clock.advance(1)
    later = mine.player("session").cookie("sid") or ""
    assert_not_yet(mine.check(access_token=access, session_id=later), "began after")


# -- all missions, and the fence


def test_there_are_ten_from_two_minutes_to_twenty() -> None:
    minutes = [mission.minutes for mission in MISSIONS.values()]
    assert (len(minutes), minutes[0], minutes[-1]) == (10, 2, 20)
    assert minutes == sorted(minutes)
    assert all(2 <= len(mission.hints) <= 3 and mission.solution for mission in MISSIONS.values())
    assert all(slug == mission.slug for slug, mission in MISSIONS.items())


@pytest.mark.parametrize("slug", MISSIONS)
def test_a_try_is_judged_at_its_own_mission_only(module_app: Flask, slug: str) -> None:
    mine = Try(module_app, slug)
    another = next(name for name in MISSIONS if name != slug)
    answer = module_app.test_client().post(f"/missions/{another}/trials/{mine.trial}/check", json={})
    assert_problem(answer, 404, "not_found", naming="Begin again")
    for name in MISSIONS[slug].answers:
        for odd in (None, "", 7, ["x"], "\0"):
            assert_problem(
                mine.ask_to_check(**{**dict.fromkeys(MISSIONS[slug].answers, "x"), name: odd}), 400, "bad_request"
            )
    if mine.given.get("SITE") is None and slug != "other-site":
        for page in ("profile", "admin", "login", "notes", "enter", "transfer"):
            assert_problem(module_app.test_client().get(f"{mine.site}/{page}"), 404, "not_found")


def test_a_mission_or_a_try_that_is_not_there_is_said(module_app: Flask) -> None:
    client = module_app.test_client()
    assert_problem(client.get("/missions/nothing"), 404, "not_found", naming="no such mission")
    assert_problem(client.post("/missions/nothing/trials", json={}), 404, "not_found", naming="no such mission")
    gone = client.post("/missions/which-node/trials/0/check", json={"node": "n", "login_id": "x"})
    assert_problem(gone, 404, "not_found", naming="Begin again")


def test_another_sites_page_begins_no_try(module_app: Flask) -> None:
    """SECURITY 16."""
    for headers in ({"Origin": "http://elsewhere.example"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = module_app.test_client().post("/missions/which-node/trials", json={}, headers=headers)
        assert_problem(answer, 403, "forbidden")
    assert module_app.test_client().post("/missions/which-node/trials", data={"a": "b"}).status_code == 415


def test_tries_are_few_and_the_oldest_goes_first(app: Flask, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """SECURITY 33."""
    monkeypatch.setattr(trials, "MOST_TRIALS", 3)
    tries = []
    for _ in range(5):
        clock.advance(1)
        tries.append(Try(app, "other-site"))
    assert [each.ask_to_check().status_code for each in tries] == [404, 404, 200, 200, 200]


def test_one_machine_does_not_delete_the_tries_of_the_others(
    app: Flask, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SECURITY 24."""
    monkeypatch.setattr(trials, "MOST_TRIALS", 4)
    monkeypatch.setattr(trials, "MOST_OF_ONE_ADDRESS", 2)
    theirs = Try(app, "other-site", address="192.0.2.1")
    for _ in range(10):
        clock.advance(1)
        Try(app, "other-site", address="192.0.2.2")
    assert theirs.check()[1] == "No request to /transfer has arrived yet."


def test_each_try_has_a_member_of_its_own(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ground, "DEFAULT_LOAD_MEMBERS", 8)  # four of them play
    names = [Try(app, "stay-logged-in").given["MEMBER"] for _ in range(5)]
    assert sorted(names[:4]) == ["load-0005", "load-0006", "load-0007", "load-0008"]
    assert names[4] in names[:4]  # more tries than members: better a shared one than none


@pytest.mark.parametrize("approach", GUARDED)
def test_what_an_unsafe_server_hands_out_opens_nothing_of_the_lab(app: Flask, begin: BeginTry, approach: str) -> None:
    tokens, notes = begin("alg-none"), begin("bobs-tools")
    claims = {**claims_of(tokens.given["TOKEN"]), "sub": "carol", "role": "admin"}
    notes.client.post(f"{notes.site}/mail", json={"link": f"{notes.site}/login?sid=planted"})
    for token in (tokens.given["TOKEN"], unsigned({"alg": "none"}, claims)):
        for path in (f"/{approach}/profile", "/folk/profile"):
            assert app.test_client().get(path, headers=bearer(token)).status_code == 401
    thief = Visitor(app, approach)
    for name in ("sid", "access", "refresh"):
        thief.set_cookie(name, "planted")
    assert thief.get("profile").status_code == 401


@pytest.mark.parametrize("approach", GUARDED)
def test_what_the_lab_hands_out_opens_nothing_of_an_unsafe_server(
    visitor: MakeVisitor, begin: BeginTry, approach: str
) -> None:
    tokens, notes = begin("alg-none"), begin("bobs-tools")
    carol = visitor(approach).login("carol")
    if approach in BY_TOKEN:
        answer = tokens.client.get(f"{tokens.site}/admin", headers=bearer(carol.access or ""))
        assert_problem(answer, 401, "invalid_token")
    if approach in BY_SESSION:
        assert_problem(use(notes, carol.cookie("sid") or ""), 401, "invalid_session")


def test_one_try_opens_nothing_of_another(begin: BeginTry) -> None:
    mine, theirs = begin("alg-none"), begin("alg-none")
    answer = theirs.client.get(f"{theirs.site}/profile", headers=bearer(mine.given["TOKEN"]))
    assert_problem(answer, 401, "invalid_token")
    alice, other = begin("bobs-tools"), begin("bobs-tools")
    alice.client.post(f"{alice.site}/mail", json={"link": f"{alice.site}/login?sid=planted"})
    assert_problem(use(other, "planted"), 401, "invalid_session")


def test_a_wrong_password_at_an_unsafe_server_locks_out_no_member(visitor: MakeVisitor, begin: BeginTry) -> None:
    """SECURITY 18: failures there do not count for a name or an address of the lab."""
    mine = begin("bobs-tools")
    for _ in range(12):
        answer = mine.client.post(f"{mine.site}/login", json={"username": "alice", "password": "wrong"})
        assert_problem(answer, 401, "invalid_credentials")
    visitor("session").login("alice")


def test_missions_play_with_load_members_only(app: Flask, begin: BeginTry, visitor: MakeVisitor) -> None:
    """No try begins, ends or changes a login of another member."""
    add_member(app, "dora", "not said aloud anywhere")
    before = {name: visitor("token").login(name) for name in ("alice", "carol")}
    for slug in MISSIONS:
        given = begin(slug).given
        assert given.get("MEMBER", "load-").startswith("load-")
    for member in before.values():
        assert len(member.get("logins").get_json()["logins"]) == 1


def test_outside_a_lab_there_is_neither_mission_nor_unsafe_server_nor_table(
    make_app: MakeApp, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("no-lab")
    app = make_app(lab=False, database_url=f"sqlite:///{folder / 'lab.db'}", key_ring_file=folder / "keys.json")
    assert app.test_client().get("/missions").status_code == 404
    assert app.test_client().post("/missions/which-node/trials", json={}).status_code == 404
    assert app.test_client().get("/unsafe/0/enter").status_code == 404
    assert "mission_trials" not in inspect(app.extensions["database"].engine).get_table_names()
