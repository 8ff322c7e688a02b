"""The walks: what a server keeps for a login, and what each story needs besides its steps."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import pairwise, takewhile

import pytest
from flask import Flask

from lab.pages.walkthrough.stories import STORIES
from lab.pages.walkthrough.story import Act, Look, Repeat, Request, Step
from tests.conftest import Clock, MakeApp, app_in
from tests.support.hours import HOURS
from tests.support.problems import assert_problem
from tests.support.replay import MEMBER, Replay, agrees
from tests.support.stopwatch import eventually
from tests.support.visitor import Visitor

BROWSER = {"Accept": "text/html"}
NOBODY = "http://127.0.0.1:1"


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, store_url: str, clock: Clock) -> Iterator[Flask]:
    """One app for all of these tests: they look at pages, and at logins of their own."""
    with app_in(tmp_path_factory.mktemp("walks"), store_url, clock, front_door=NOBODY) as app:
        yield app


def stored_records(app: Flask, approach: str, **fields: object) -> list[dict[str, object]]:
    response = app.test_client().post("/walkthrough/holdings", json={"approach": approach, **fields})
    assert response.status_code == 200, response.text
    held: list[dict[str, object]] = response.get_json()["holds"]
    return held


def sid_of(visitor: Visitor) -> str:
    cookie = visitor.client.get_cookie("sot_sid", path=f"/{visitor.approach}")
    assert cookie is not None
    return cookie.value


@pytest.mark.parametrize(("approach", "where"), [("session", "store"), ("memory", "memory")])
def test_a_session_is_a_record_and_an_index_entry_until_it_ends(app: Flask, approach: str, where: str) -> None:
    alice = Visitor(app, approach).login()
    sid = sid_of(alice)
    record, index = stored_records(app, approach, credential=sid)
    assert record["where"] == index["where"] == where
    assert record["fields"]["member_id"] == "alice"  # type: ignore[index]
    assert 1700 < float(str(record["ttl_s"])) <= 1890  # in the store an idle time has a twentieth to spare
    assert record["size_bytes"] == len(json.dumps(record["fields"], separators=(",", ":")))
    assert sid not in json.dumps([record, index])
    assert list(index["fields"].values()) == [record["fields"]["login_id"]]  # type: ignore[attr-defined,index]
    alice.post("logout")
    assert stored_records(app, approach, credential=sid) == []


def test_looking_does_not_lengthen_a_session(app: Flask) -> None:
    alice = Visitor(app, "session").login(session_idle_s=60)

    def ttl_s() -> float:
        return float(str(stored_records(app, "session", credential=sid_of(alice))[0]["ttl_s"]))

    first = ttl_s()
    assert first <= 60
    eventually(lambda: ttl_s() < first)


def test_the_id_before_a_renewal_leads_to_nothing(app: Flask) -> None:
    alice = Visitor(app, "session").login()
    old = sid_of(alice)
    alice.post("renew")
    assert stored_records(app, "session", credential=old) == []
    assert len(stored_records(app, "session", credential=sid_of(alice))) == 2


@pytest.mark.parametrize("approach", ["token", "hybrid"])
def test_a_token_is_a_family_of_hashes(app: Flask, approach: str, clock: Clock) -> None:
    """SECURITY 11: nothing from which a token could be made."""
    alice = Visitor(app, approach).login()
    access, refresh = alice.access, alice.refresh_token
    family, token = stored_records(app, approach, credential=access)
    assert family["where"] == token["where"] == "database"
    assert set(family["fields"]) == {"member_id", "created_at", "expires_at"}  # type: ignore[call-overload]
    clock.advance(1)
    alice.refresh()
    used, successor = stored_records(app, approach, credential=access)[1:]
    assert "spent_at" in used["fields"]  # type: ignore[operator]
    assert "spent_at" not in successor["fields"]  # type: ignore[operator]
    assert stored_records(app, approach, credential=refresh) == stored_records(app, approach, credential=access)
    assert stored_records(app, approach, credential="stale", refresh_token=refresh) != []


def test_a_logout_is_seen_in_the_database_and_only_hybrid_denies(app: Flask) -> None:
    for approach, denials in (("token", 0), ("hybrid", 1)):
        alice = Visitor(app, approach).login()
        alice.post("logout")
        held = stored_records(app, approach, credential=alice.access)
        assert "revoked_at" in held[0]["fields"]  # type: ignore[operator]
        assert len([record for record in held if record["where"] == "store"]) == denials


def test_a_denial_outlives_the_access_token_by_a_minute_and_no_use_lengthens_it(app: Flask) -> None:
    alice = Visitor(app, "hybrid").login(access_ttl_s=20)
    alice.post("logout")
    for _ in range(2):
        assert alice.get("profile").status_code == 401
        denial = stored_records(app, "hybrid", credential=alice.access)[-1]
        assert denial["fields"] == {"held_against": "ended"}
        assert 20 < float(str(denial["ttl_s"])) <= 80
        assert denial["slides"] is False
    session = Visitor(app, "session").login()
    assert stored_records(app, "session", credential=sid_of(session))[0]["slides"] is True


@pytest.mark.parametrize("approach", ["memory", "session", "token", "hybrid"])
@pytest.mark.parametrize("credential", ["x", "a" * 43, "a.b.c", "../..", "한"])
def test_an_unknown_credential_holds_nothing(app: Flask, approach: str, credential: str) -> None:
    assert stored_records(app, approach, credential=credential) == []


def test_a_token_of_another_approach_holds_nothing(app: Flask) -> None:
    alice = Visitor(app, "token").login()
    assert stored_records(app, "hybrid", credential=alice.access, refresh_token=alice.refresh_token) == []


@pytest.mark.parametrize("path", ["holdings", "password", "as-another-client", "second-login", "role"])
@pytest.mark.parametrize(
    "headers", [{"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Host": "evil.example"}]
)
def test_no_other_page_asks(app: Flask, path: str, headers: dict[str, str]) -> None:
    """SECURITY 16 and 20."""
    body = {"approach": "session", "credential": "x", "method": "GET", "path": "/session/profile"}
    response = app.test_client().post(f"/walkthrough/{path}", json=body, headers=headers)
    assert response.status_code == 403


@pytest.mark.parametrize("body", [{}, {"approach": "open", "credential": "x"}, {"approach": "session"}])
def test_a_bad_question_is_refused(app: Flask, body: dict[str, str]) -> None:
    response = app.test_client().post("/walkthrough/holdings", json=body)
    assert_problem(response, 400, "bad_request")


@pytest.mark.parametrize("slug", STORIES)
@pytest.mark.parametrize("language", ["en", "ko"])
def test_every_step_has_its_address(app: Flask, slug: str, language: str) -> None:
    client, headers = app.test_client(), {**BROWSER, "Accept-Language": language}
    for path in ("", *(f"/{step.id}" for step in STORIES[slug].steps)):
        shown = client.get(f"/walkthrough/{slug}{path}", headers=headers)
        assert shown.status_code == 200
        assert f'<html lang="{language}">' in shown.text
    for path in ("/walkthrough/nothing", f"/walkthrough/{slug}/nothing", "/walkthrough/"):
        assert client.get(path, headers=headers).status_code == 404


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_cookie_is_also_called_by_the_name_that_the_notes_use(app: Flask, language: str) -> None:
    headers = {**BROWSER, "Accept-Language": language}
    assert "JSESSIONID" in app.test_client().get("/walkthrough/session/login", headers=headers).text


@pytest.mark.parametrize("slug", STORIES)
def test_a_storys_steps_have_different_names(slug: str) -> None:
    names = [step.id for step in STORIES[slug].steps]
    assert len(names) == len(set(names))


BRACES = re.compile(r"\{(\w+)\}")
GIVEN = {"member", "grace_s", "cookie"}


def asked_of(step: Step) -> Mapping[str, object]:
    """Return the body that a step sends."""
    return (step.does.body or {}) if isinstance(step.does, Request) else {}


def variables(step: Step) -> set[str]:
    """Return what a step needs to be known before it."""
    if isinstance(step.does, Act):
        return set(BRACES.findall(step.does.of)) if step.does.kind == "rest" else {step.does.of}
    if isinstance(step.does, Look):
        return set()
    return sent_by(step.does) | {name for name in (step.alive, step.puts_away) if name}


def sent_by(request: Request) -> set[str]:
    body = request.body or {}
    texts = [request.path, *request.headers.values(), *(text for text in body.values() if isinstance(text, str))]
    return {name for text in texts for name in BRACES.findall(text)}


def brings(step: Step) -> set[str]:
    if isinstance(step.does, Request):
        return set(step.does.keeps)
    made = {"copy": {"copied"}, "forge": {"forged"}}
    return made.get(step.does.kind, set()) if isinstance(step.does, Act) else set()


@pytest.mark.parametrize("slug", STORIES)
def test_each_step_needs_only_what_the_steps_before_it_bring(slug: str) -> None:
    known = set(GIVEN)
    for step in STORIES[slug].steps:
        assert variables(step) <= known, step.id
        known |= brings(step)
        if isinstance(step.then, Repeat):
            assert sent_by(step.then.ask) | sent_by(step.then.renew) <= known, step.id
    assert set(STORIES[slug].credentials.values()) <= known


@pytest.mark.parametrize(("step_id", "counts"), HOURS.items())
def test_an_hour_costs_twelve_log_ins_or_one_and_eleven_refreshes(
    app: Flask, clock: Clock, step_id: str, counts: tuple[int, int, int]
) -> None:
    step = next(step for step in STORIES["without-refresh"].steps if step.id == step_id)
    assert isinstance(step.then, Repeat)
    assert (step.then.times + 1) * step.then.minutes_each == 60
    lines = Replay(app, clock, grace_s=10).play(STORIES["without-refresh"])[step_id]
    counted = ("request line POST /token/login", "request line POST /token/refresh", "response status 401")
    assert tuple(lines.count(line) for line in counted) == counts
    assert lines.count("response status 200") == counts[0] + counts[1]


SHORT_LIVES = {"access_ttl_s", "refresh_ttl_s", "session_idle_s"}


@pytest.mark.parametrize("slug", STORIES)
def test_what_ends_soon_is_asked_for_in_the_step_that_waits_for_its_end(slug: str) -> None:
    """A lesson waits for its learner: no short time runs while a step is read."""
    for step in STORIES[slug].steps:
        assert (step.then is not None) == bool(SHORT_LIVES & asked_of(step).keys()), step.id


@pytest.mark.parametrize("slug", STORIES)
def test_a_token_that_is_to_be_let_in_is_made_anew_if_it_has_expired(slug: str) -> None:
    for step in STORIES[slug].steps:
        sent = BRACES.findall(" ".join(step.does.headers.values())) if isinstance(step.does, Request) else []
        access = next((name for name in sent if name.endswith("access_token")), None)
        lets_in = step.expect is not None and step.expect.status < 400 and "refresh_token" not in sent
        if access is not None and lets_in:
            assert step.alive == access, step.id


@pytest.mark.parametrize("slug", STORIES)
def test_a_walk_can_be_done_anew_from_where_a_login_begins(slug: str) -> None:
    story = STORIES[slug]
    assert story.anew[0] == story.steps[0].id
    requests = [step.id for step in story.steps if isinstance(step.does, Request)]
    assert [step for step in requests if step in story.anew] == list(story.anew)


@pytest.mark.parametrize("slug", STORIES)
def test_whatever_a_server_sees_is_claimed_and_pointed_at(slug: str) -> None:
    for step in STORIES[slug].steps:
        assert (step.expect is None) == isinstance(step.does, Act), step.id
        sides = ("payload",) if isinstance(step.does, Act) else ("request", "response", "inside")
        assert step.look_at or isinstance(step.does, Act), step.id
        assert all(line.split(" ")[0] in sides for line in step.look_at), step.id


@pytest.mark.parametrize("slug", STORIES)
def test_a_look_follows_what_it_looks_at(slug: str) -> None:
    steps = STORIES[slug].steps
    for before, step in pairwise(steps):
        assert not (isinstance(step.does, Look) and isinstance(before.does, Act)), step.id
    assert isinstance(steps[0].does, Request)


# -- what a walk needs besides its steps; a new story gets these tests by being in STORIES

LANGUAGES = ("en", "ko")
LONGEST_NAME = {"en": 22, "ko": 14}  # characters below a number of the strip
HANGUL = re.compile("[가-힣]")


def told(app: Flask, slug: str, language: str) -> dict[str, object]:
    """Return the story as its page has it."""
    page = app.test_client().get(f"/walkthrough/{slug}", headers={**BROWSER, "Accept-Language": language}).text
    found: dict[str, object] = json.loads(page.split('id="story">')[1].split("</script>")[0])
    return found


@pytest.mark.parametrize("slug", STORIES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_walk_ends_with_an_answer_three_lines_and_the_next_walk(app: Flask, slug: str, language: str) -> None:
    page = app.test_client().get(f"/walkthrough/{slug}", headers={**BROWSER, "Accept-Language": language}).text
    ending = page.split("data-ending")[1].split("</section>")[0]
    answer, lines = ending.split("</h3>")[0].split(">")[-1], re.findall("<li>(.*?)</li>", ending)
    assert len(lines) == len(set(lines)) == 3
    assert all(bool(HANGUL.search(text)) == (language == "ko") for text in (answer, *lines))
    following = re.findall('href="/walkthrough/([^"]+)" data-next-walk', ending)
    assert following == [[*STORIES, "cases"][list(STORIES).index(slug) + 1]]


@pytest.mark.parametrize("slug", STORIES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_step_has_a_name_that_fits_below_its_number(app: Flask, slug: str, language: str) -> None:
    names = [re.sub(r"^\d+\. ", "", step["name"]) for step in told(app, slug, language)["steps"]]  # type: ignore[attr-defined]
    assert [name for name in names if not 0 < len(name) <= LONGEST_NAME[language]] == []


@pytest.mark.parametrize("slug", STORIES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_at_least_two_telling_steps_of_a_walk_ask_for_a_prediction(app: Flask, slug: str, language: str) -> None:
    asked = [step["predict"] for step in told(app, slug, language)["steps"] if step["predict"]]  # type: ignore[attr-defined]
    assert len(asked) >= 2
    for prediction in asked:
        texts = [option["text"] for option in prediction["options"]]
        assert 2 <= len(texts) == len(set(texts)) <= 3
        assert prediction["question"].endswith("?")
        assert all(bool(HANGUL.search(text)) == (language == "ko") for text in (prediction["question"], *texts))
    assert all(isinstance(step.does, Request) for step in STORIES[slug].steps if step.predict)


@pytest.mark.parametrize("slug", STORIES)
def test_the_real_answers_are_as_claimed_and_make_exactly_one_prediction_right(
    app: Flask, clock: Clock, slug: str
) -> None:
    """But for an idle time, which the store counts by its own clock: a browser waits for that."""
    replay = Replay(app, clock, grace_s=10)
    steps = tuple(takewhile(lambda step: "session_idle_s" not in asked_of(step), STORIES[slug].steps))
    replay.play(replace(STORIES[slug], steps=steps))
    for step in steps:
        if step.expect:
            assert agrees(step.expect, replay.answers[step.id], MEMBER), step.id
        if step.predict:
            right = [option for option in step.predict.options if agrees(option.means, replay.answers[step.id], MEMBER)]
            assert len(right) == 1, step.id


def is_reissue(exchange: list[Step]) -> bool:
    """Tell whether the server compares a refresh token with its rows in this exchange, to reissue or to refuse."""
    does = exchange[0].does
    if not isinstance(does, Request) or does.path.endswith(("/login", "/logout")):
        return False
    inside = [what for step in exchange if step.expect for what in step.expect.inside]
    return does.path.endswith("/refresh") or any("refresh_" in what for what in inside)


@pytest.mark.parametrize("slug", STORIES)
def test_every_reissue_shows_what_is_compared(slug: str) -> None:
    """There was a row of hashes and a token that begins with eyJ, and nothing joined the two."""
    steps = STORIES[slug].steps
    for at, step in enumerate(steps):
        if not isinstance(step.does, Look):
            exchange = [step, *takewhile(lambda each: isinstance(each.does, Look), steps[at + 1 :])]
            compared = [each.compares for each in exchange if each.compares == "refresh"]
            assert len(compared) == is_reissue(exchange), step.id


def test_the_fourteen_steps_are_fourteen_in_their_order() -> None:
    steps = STORIES["fourteen-steps"].steps
    assert [step.id for step in steps] == [str(number) for number in range(1, 15)]
    assert [str(step.title).split(".")[0] for step in steps] == [step.id for step in steps]
    assert {step.id: step.compares for step in steps if step.compares} == {"2": "password", "13": "refresh"}


def test_a_story_is_told_the_labs_own_grace(make_app: MakeApp) -> None:
    client = make_app(front_door=NOBODY, refresh_grace_s=7).test_client()
    page = client.get("/walkthrough/rotation-and-theft", headers=BROWSER).text
    told = json.loads(page.split('id="story">')[1].split("</script>")[0])
    assert told["given"] == {"grace_s": 7, "cookie": "sot_"}
    assert [step["id"] for step in told["steps"]] == [step.id for step in STORIES["rotation-and-theft"].steps]


def test_a_step_knows_its_approach_by_its_path() -> None:
    by_step = {step.id: step.approach for step in STORIES["role-change"].steps}
    assert by_step["demote"] is None
    assert {by_step[f"{name}-after"] for name in ("session", "token", "hybrid")} == {"session", "token", "hybrid"}


@pytest.mark.parametrize("settings", [{"lab": False}, {"front_door": None}])
def test_outside_a_running_lab_there_are_no_walks(make_app: MakeApp, settings: dict[str, object]) -> None:
    """SECURITY 20."""
    client = make_app(**{"front_door": NOBODY, **settings}).test_client()
    assert client.get("/walkthrough/session").status_code == 404
    for path in ("holdings", "password", "as-another-client"):
        assert client.post(f"/walkthrough/{path}", json={}).status_code == 404
    assert "/walkthrough/" not in client.get("/", headers=BROWSER).text
