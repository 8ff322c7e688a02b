"""Who may look at the lab's controls, who may press them, and what reaches the supervisor."""

import hashlib
import hmac
import logging
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import pytest
from flask import Flask, Response
from werkzeug.test import TestResponse, create_environ, run_wsgi_app

from lab.cluster.control import control_api
from lab.cluster.refused_command import RefusedCommand
from lab.cluster.supervisor import Supervisor
from lab.controls.guard import SHARED_FILE
from lab.controls.guesses import WRONG_CODES_PER_MINUTE
from tests.conftest import MakeApp, app_in
from tests.support.problems import assert_problem

pytestmark = pytest.mark.any_store

CODE = "QRT7WXYZ"
HERE = "http://127.0.0.1:8000"
LAN = "http://192.168.0.7:8000"
STUDENT = "192.168.0.30"
PRESSES: tuple[tuple[str, str, object, tuple[object, ...]], ...] = (
    ("POST", "/lab/nodes", None, ("add_node",)),
    ("PUT", "/lab/nodes/node-2", {"state": "killed"}, ("want_node", "node-2", "killed")),
    ("PUT", "/lab/nodes/node-2/threads", {"threads": 4}, ("set_threads", "node-2", 4)),
    ("POST", "/lab/throughput", None, ("measure_throughput",)),
    ("PUT", "/lab/store", {"state": "hanging"}, ("want_store", "hanging")),
    ("PUT", "/lab/store/round-trip", {"ms": 5}, ("set_round_trip", 5)),
    ("PUT", "/lab/store/full", {"full": True}, ("fill_store", True)),
    ("POST", "/lab/store/empty", None, ("empty_store",)),
    ("POST", "/lab/store/restart", None, ("restart_store",)),
)


class Recorded:
    """A supervisor that writes its commands down instead of carrying them out."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        self.commands: list[tuple[object, ...]] = []
        self.nodes = {"node-1": "running", "node-2": "running"}
        self.refusal: RefusedCommand | None = None

    def state(self) -> dict[str, Any]:
        return {"nodes": [{"name": name, "state": state} for name, state in self.nodes.items()]}

    def __getattr__(self, verb: str) -> Callable[..., None]:
        def carry_out(*what: object) -> None:
            if self.refusal:
                raise self.refusal
            self.commands.append((verb, *what))

        return carry_out


@pytest.fixture(scope="module")
def recorded() -> Recorded:
    return Recorded()


@pytest.fixture(scope="module")
def socket(recorded: Recorded) -> Iterator[Path]:
    """The real control API on a socket file whose path is short enough for every system."""
    with (
        tempfile.TemporaryDirectory(dir="/tmp") as folder,
        control_api(cast(Supervisor, recorded), Path(folder, "s")),
    ):
        yield Path(folder, "s")


@pytest.fixture
def supervisor(recorded: Recorded) -> Recorded:
    recorded.begin()
    return recorded


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, store_url: str, socket: Path) -> Iterator[Flask]:
    with app_in(tmp_path_factory.mktemp("lab"), store_url, control_socket=socket) as app:
        yield app


@pytest.fixture
def app(lab: Flask, supervisor: Recorded) -> Flask:
    """A lab on this machine only."""
    return lab


@pytest.fixture
def start_lan(make_app: MakeApp, socket: Path) -> Callable[[], Flask]:
    """Start a lab that a classroom reaches, as `--lan` does; what is started again is another lab."""

    def start() -> Flask:
        socket.with_name(SHARED_FILE).unlink(missing_ok=True)
        return make_app(control_socket=socket, instructor_code=CODE)

    return start


@pytest.fixture
def lan(start_lan: Callable[[], Flask]) -> Flask:
    return start_lan()


def press(
    app: Flask, method: str = "POST", path: str = "/lab/nodes", at: str = HERE, client: str = "127.0.0.1", **kwargs: Any
) -> TestResponse:
    """Send a request from an address, to a name."""
    browser = app.test_client(use_cookies=False)  # a cookie is a header here, like the others
    return browser.open(path, method=method, base_url=at, environ_overrides={"REMOTE_ADDR": client}, **kwargs)


def look(app: Flask, path: str, host: str | None) -> Response:
    """Look with exactly this Host header, or with none."""
    environ = create_environ(path, headers={} if host is None else {"Host": host})
    if host is None:
        del environ["HTTP_HOST"]
    return Response(*run_wsgi_app(app, environ))


# -- what is passed on


@pytest.mark.parametrize(("method", "path", "body", "command"), PRESSES)
def test_an_order_reaches_the_supervisor(
    app: Flask, supervisor: Recorded, method: str, path: str, body: object, command: tuple[object, ...]
) -> None:
    response = press(app, method, path, json=body) if body else press(app, method, path)
    assert response.status_code == (201 if path in ("/lab/nodes", "/lab/throughput") else 200)
    assert response.get_json() == supervisor.state()
    assert supervisor.commands == [command]


def test_the_state_is_shown(app: Flask, supervisor: Recorded) -> None:
    assert press(app, "GET", "/lab/state").get_json() == supervisor.state()


@pytest.mark.parametrize(
    ("code", "says"), [("not_ours", "not started by the lab"), ("surprise", "in the supervisor's own words")]
)
def test_what_the_supervisor_refuses_is_a_problem(app: Flask, supervisor: Recorded, code: str, says: str) -> None:
    supervisor.refusal = RefusedCommand(409, code, "in the supervisor's own words")
    assert_problem(press(app, "POST", "/lab/store/empty"), 409, code, naming=says)


def test_a_supervisor_that_does_not_answer_is_a_503(make_app: MakeApp, tmp_path: Path) -> None:
    app = make_app(control_socket=tmp_path / "nobody")
    assert_problem(press(app, "GET", "/lab/state"), 503, "supervisor_unavailable")
    refused = press(app)
    assert_problem(refused, 503, "supervisor_unavailable")
    assert refused.headers["Retry-After"] == "1"


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/lab"), ("POST", "/lab/shell"), ("PUT", "/lab/nodes/a/b"), ("PUT", "/lab/nodes/%2e%2e%2fstore%2ffull")],
)
def test_nothing_else_is_passed_on(app: Flask, supervisor: Recorded, method: str, path: str) -> None:
    """SECURITY 20."""
    assert press(app, method, path, json={"state": "killed", "full": True}).status_code == 404
    assert supervisor.commands == []


@pytest.mark.parametrize("name", ["..", "node-1?x=1", "node-1 HTTP/1.1\r\nX: y", "é", "%00"])
def test_a_node_s_name_stays_one_name(app: Flask, supervisor: Recorded, name: str) -> None:
    """SECURITY 20."""
    response = app.test_client().put("/lab/nodes/x", json={"state": "running"}, environ_overrides=_path(name))
    assert response.status_code in (200, 404)
    assert supervisor.commands in ([], [("want_node", name, "running")])


def _path(name: str) -> dict[str, str]:
    return {"PATH_INFO": f"/lab/nodes/{name}".encode().decode("latin-1")}


@pytest.mark.parametrize("body", [[], {}, {"state": {}}, {"state": None}, {"state": [[[]]]}, "running"])
def test_a_bad_order_is_a_400(app: Flask, supervisor: Recorded, body: object) -> None:
    """SECURITY 21."""
    assert press(app, "PUT", "/lab/nodes/node-1", json=body).status_code == 400
    assert (
        press(app, "PUT", "/lab/nodes/node-1", data=b"x" * 100_000, content_type="application/json").status_code == 413
    )
    assert supervisor.commands == []


@pytest.mark.parametrize("state", ["stopped", "killed"])
def test_the_last_node_is_not_ended_by_the_page_that_it_serves(app: Flask, supervisor: Recorded, state: str) -> None:
    supervisor.nodes["node-2"] = "starting"
    press(app, "POST", "/lab/store/empty")  # after a command the cached state is not used
    supervisor.commands.clear()
    refused = press(app, "PUT", "/lab/nodes/node-1", json={"state": state})
    assert_problem(refused, 409, "last_node", naming="python -m cluster node")
    assert supervisor.commands == []
    assert press(app, "PUT", "/lab/nodes/node-2", json={"state": state}).status_code == 200


# -- names: DNS rebinding

FOREIGN_HOSTS = [
    "evil.example",
    "127.0.0.1.evil.example",
    "localhost.evil",
    "localhost.",
    "127.0.0.1.",
    "LOCALHOST.EVIL.EXAMPLE",
    "localhost@evil.example",
    "evil.example@localhost",
    "user:pass@127.0.0.1",
    "localhost:8000:8000",
    "localhost, evil.example",
    "localhost evil.example",
    "evil.example#localhost",
    "localhost:port",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0.0.0.0",
    "[::]",
    "[::ffff:127.0.0.1]",
    "::1",
    "localhost\x00",
    "",
    None,
]


@pytest.mark.parametrize("path", ["/lab/state", "/scale-out"])
@pytest.mark.parametrize("host", FOREIGN_HOSTS)
def test_a_foreign_name_sees_nothing(app: Flask, host: str | None, path: str) -> None:
    """SECURITY 20: a page whose own name was pointed at this machine."""
    response = look(app, path, host)
    assert_problem(response, 403, "foreign_host")
    assert "node-1" not in response.get_data(as_text=True)


@pytest.mark.parametrize(("method", "path", "body", "_command"), PRESSES)
@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example"])
def test_a_foreign_name_presses_nothing(
    app: Flask, supervisor: Recorded, method: str, path: str, body: object, _command: object, host: str
) -> None:
    """SECURITY 20: to the browser a rebound page is of the same origin as the lab."""
    headers = {"Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin"}
    assert_problem(press(app, method, path, f"http://{host}", json=body, headers=headers), 403, "foreign_host")
    assert supervisor.commands == []


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1:1", "[::1]", "[::1]:8000"])
def test_our_own_names_are_answered(app: Flask, host: str) -> None:
    assert [look(app, path, host).status_code for path in ("/lab/state", "/scale-out")] == [200, 200]


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("192.168.0.7:8000", 200),
        ("[fe80::1]:8000", 200),
        ("lab.local", 403),
        ("192.168.0.7.evil.example", 403),
        ("192.168.0.007", 403),
    ],
)
def test_with_a_code_addresses_are_answered_too_and_names_are_not(lan: Flask, host: str, status: int) -> None:
    """SECURITY 20: no other site can own an address."""
    assert look(lan, "/lab/state", host).status_code == status


def test_without_a_code_no_address_but_loopback_is_answered(app: Flask) -> None:
    """SECURITY 20."""
    assert_problem(look(app, "/lab/state", "192.168.0.7:8000"), 403, "foreign_host")


def test_the_public_origin_is_a_name_of_ours(make_app: MakeApp, socket: Path) -> None:
    app = make_app(control_socket=socket, public_origin="https://lab.example:8443")
    assert look(app, "/lab/state", "lab.example:8443").status_code == 200
    assert look(app, "/lab/state", "lab.example.evil").status_code == 403


# -- pages of other sites


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
@pytest.mark.parametrize("path", ["/lab/nodes", "/lab/store/empty"])
def test_no_form_presses_anything(app: Flask, supervisor: Recorded, kind: str, path: str) -> None:
    """SECURITY 20: even from a browser that would say nothing of its origin."""
    for data in (b'{"state": "killed"}', b""):
        assert_problem(press(app, "POST", path, data=data, content_type=kind), 415, "unsupported_media_type")
    assert supervisor.commands == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "null"},
        {"Origin": "http://evil.example"},
        {"Origin": "http://127.0.0.1:8000.evil.example"},
        {"Origin": "http://127.0.0.1:8001"},
        {"Origin": "https://127.0.0.1:8000"},
        {"Origin": "http://localhost:8000"},
        {"Origin": HERE, "Sec-Fetch-Site": "cross-site"},
        {"Origin": HERE, "Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
    ],
)
def test_no_other_page_presses_anything(app: Flask, supervisor: Recorded, headers: dict[str, str]) -> None:
    """SECURITY 20: a browser names the origin of every unsafe request; one that is missing was taken away."""
    for method, path, body, _ in PRESSES:
        assert_problem(press(app, method, path, json=body, headers=headers), 403, "forbidden")
    assert_problem(press(app, "POST", "/lab/code", json={"code": CODE}, headers=headers), 403, "forbidden")
    assert supervisor.commands == []


def test_our_own_page_presses(app: Flask) -> None:
    assert press(app, headers={"Origin": HERE, "Sec-Fetch-Site": "same-origin"}).status_code == 201


# -- machines other than this one


@pytest.mark.parametrize("forwarded", ["127.0.0.1", "127.0.0.1, 127.0.0.1", "::1"])
def test_a_forged_address_makes_nobody_local(make_app: MakeApp, socket: Path, forwarded: str) -> None:
    """SECURITY 20: with and without the balancer, which writes the last address itself."""
    headers = {"X-Forwarded-For": forwarded, "X-Real-IP": "127.0.0.1", "Forwarded": "for=127.0.0.1"}
    alone = make_app(control_socket=socket, instructor_code=CODE)
    assert_problem(press(alone, at=LAN, client=STUDENT, headers=headers), 403, "code_needed")
    balanced = make_app(control_socket=socket, instructor_code=CODE, trusted_proxies=1)
    through = {**headers, "X-Forwarded-For": f"{forwarded}, {STUDENT}"}
    for at in (LAN, HERE):
        assert_problem(press(balanced, at=at, client="", headers=through), 403, "code_needed")


def test_behind_the_balancer_this_machine_is_local(make_app: MakeApp, socket: Path) -> None:
    balanced = make_app(control_socket=socket, trusted_proxies=1)
    assert press(balanced, client="", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 201


@pytest.mark.parametrize("client", ["", "not an address", STUDENT, "10.0.0.127", "::ffff:192.168.0.30"])
def test_without_a_code_only_this_machine_presses(app: Flask, supervisor: Recorded, client: str) -> None:
    """SECURITY 20."""
    assert_problem(press(app, client=client), 403, "code_needed")
    assert_problem(press(app, client=client, headers={"X-Instructor-Code": ""}), 403, "code_needed")
    assert supervisor.commands == []


def test_a_proxy_that_nobody_told_us_of_makes_nobody_local(app: Flask, supervisor: Recorded) -> None:
    """SECURITY 20: behind it, every client seems to sit at this machine."""
    assert_problem(press(app, headers={"X-Forwarded-For": "203.0.113.9"}), 403, "code_needed")
    assert supervisor.commands == []


def test_behind_a_public_origin_nobody_is_local(make_app: MakeApp, socket: Path) -> None:
    """SECURITY 20."""
    app = make_app(control_socket=socket, public_origin="https://lab.example")
    assert_problem(press(app), 403, "code_needed")


def test_whoever_gets_past_a_proxy_and_names_this_machine_is_not_local(make_app: MakeApp, socket: Path) -> None:
    """SECURITY 20: it was carried out. With proxies of one's own nobody is local, for any address can be written."""
    app = make_app(control_socket=socket, instructor_code=CODE, trusted_proxies=2)
    headers = {"X-Forwarded-For": f"127.0.0.1, {STUDENT}"}
    assert_problem(press(app, at="http://localhost", client="", headers=headers), 403, "code_needed")
    alone = make_app(control_socket=socket, instructor_code=CODE, trusted_proxies=1)
    headers = {"X-Forwarded-For": "127.0.0.1"}
    assert_problem(press(alone, at="http://localhost", client=STUDENT, headers=headers), 403, "code_needed")


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_site_s_page_may_not_even_look(app: Flask, site: str) -> None:
    """SECURITY 20: it can read nothing, and could keep the lab busy."""
    assert press(app, "GET", "/lab/state", headers={"Sec-Fetch-Site": site}).status_code == 403
    assert press(app, "GET", "/scale-out", headers={"Sec-Fetch-Site": site}).status_code == 200, "a link leads here"


def test_the_code_is_in_no_url_even_without_scripts(lan: Flask) -> None:
    """SECURITY 20."""
    page = press(lan, "GET", "/scale-out", LAN, STUDENT).get_data(as_text=True)
    assert '<form class="code-form" method="post"' in page


@pytest.mark.parametrize(("method", "path", "body", "command"), PRESSES)
def test_on_a_network_every_switch_takes_the_code(
    lan: Flask, supervisor: Recorded, method: str, path: str, body: object, command: tuple[object, ...]
) -> None:
    """SECURITY 20."""
    assert_problem(press(lan, method, path, LAN, STUDENT, json=body), 403, "code_needed")
    wrong = {"X-Instructor-Code": "AAAAAAAA"}
    assert_problem(press(lan, method, path, LAN, STUDENT, json=body, headers=wrong), 403, "wrong_code")
    assert supervisor.commands == []
    right = {"X-Instructor-Code": CODE}
    assert press(lan, method, path, LAN, STUDENT, json=body, headers=right).status_code in (200, 201)
    assert supervisor.commands == [command]


def test_looking_takes_no_code(lan: Flask) -> None:
    assert press(lan, "GET", "/lab/code", LAN, STUDENT).get_json() == {"may_press": False}
    assert [press(lan, "GET", path, LAN, STUDENT).status_code for path in ("/lab/state", "/scale-out")] == [200, 200]


def test_a_browser_remembers_the_code_in_a_cookie_that_does_not_tell_it(lan: Flask, supervisor: Recorded) -> None:
    """SECURITY 20, 22."""
    browser = lan.test_client()
    sent = {"base_url": LAN, "environ_overrides": {"REMOTE_ADDR": STUDENT}}
    response = browser.post("/lab/code", json={"code": f" {CODE.lower()} "}, **sent)
    cookie = response.headers["Set-Cookie"]
    assert response.status_code == 204
    assert all(part in cookie for part in ("HttpOnly", "SameSite=Strict", "Path=/lab"))
    assert CODE not in cookie
    assert browser.get("/lab/code", **sent).get_json() == {"may_press": True}
    assert browser.post("/lab/nodes", **sent).status_code == 201
    assert supervisor.commands == [("add_node",)]


@pytest.mark.parametrize("value", ["", "x", CODE, "é"])
def test_a_made_up_cookie_opens_nothing(lan: Flask, supervisor: Recorded, value: str) -> None:
    """SECURITY 20."""
    cookie = {"Cookie": f"sot_instructor={value}"}
    assert_problem(press(lan, at=LAN, client=STUDENT, headers=cookie), 403, "wrong_code")
    assert supervisor.commands == []


def test_a_code_of_another_start_opens_nothing(lan: Flask, make_app: MakeApp, socket: Path) -> None:
    """SECURITY 20."""
    before = make_app(control_socket=socket, instructor_code="ANOTHER2")
    cookie = press(before, "POST", "/lab/code", LAN, STUDENT, json={"code": "ANOTHER2"}).headers["Set-Cookie"]
    headers = {"Cookie": cookie.split(";")[0]}
    assert press(before, at=LAN, client=STUDENT, headers=headers).status_code == 201
    assert_problem(press(lan, at=LAN, client=STUDENT, headers=headers), 403, "wrong_code")


GUESSES: dict[str, dict[str, Any]] = {
    "page": {"path": "/lab/code", "json": {"code": "AAAAAAAA"}},
    "header": {"headers": {"X-Instructor-Code": "AAAAAAAA"}},
    "keys": {"path": "/lab/keys", "headers": {"X-Instructor-Code": "AAAAAAAA"}, "json": {}},
}
RIGHT: dict[str, dict[str, Any]] = {
    "page": {"path": "/lab/code", "json": {"code": CODE}},
    "header": {"headers": {"X-Instructor-Code": CODE}},
    "keys": {"path": "/lab/keys", "headers": {"X-Instructor-Code": CODE}, "json": {}},
}


def guess_until_the_limit(app: Flask) -> None:
    for number in range(WRONG_CODES_PER_MINUTE):
        guessed = press(app, at=LAN, client=f"192.168.0.{number}", **GUESSES["page"])
        assert_problem(guessed, 403, "wrong_code")


@pytest.mark.parametrize("way", GUESSES)
def test_guesses_are_limited_whichever_way_they_come(lan: Flask, way: str) -> None:
    """SECURITY 20: and the right code is no exception, or the limit would tell it."""
    guesses = [press(lan, at=LAN, client=STUDENT, **GUESSES[way]).status_code for _ in range(11)]
    assert guesses == [403] * 10 + [429]
    for sent in (*GUESSES.values(), *RIGHT.values()):
        refused = press(lan, at=LAN, client=STUDENT, **sent)
        assert_problem(refused, 429, "rate_limited", naming="own machine")
        assert 1 <= int(refused.headers["Retry-After"]) <= 60


def test_the_limit_is_one_for_all_addresses_all_pages_and_all_nodes(
    lan: Flask, make_app: MakeApp, socket: Path
) -> None:
    """SECURITY 20: on a network one machine has as many addresses as it likes, and the balancer as many nodes."""
    another_node = make_app(control_socket=socket, instructor_code=CODE)
    for number in range(WRONG_CODES_PER_MINUTE):
        node, way = (lan, another_node)[number % 2], list(GUESSES.values())[number % 3]
        assert_problem(press(node, at=LAN, client=f"192.168.0.{number}", **way), 403, "wrong_code")
    for node in (lan, another_node):
        for way in (*GUESSES.values(), *RIGHT.values()):
            assert_problem(press(node, at=LAN, client="fe80::1", **way), 429, "rate_limited")


def test_guesses_at_the_same_moment_are_not_more_than_the_limit(lan: Flask) -> None:
    """SECURITY 20."""
    with ThreadPoolExecutor(8) as students:
        guesses = [students.submit(press, lan, at=LAN, client=STUDENT, **GUESSES["page"]) for _ in range(40)]
        statuses = sorted(guess.result().status_code for guess in guesses)
    assert statuses == [403] * WRONG_CODES_PER_MINUTE + [429] * (40 - WRONG_CODES_PER_MINUTE)


def test_a_used_up_limit_stops_neither_this_machine_nor_a_browser_that_was_let_in(lan: Flask) -> None:
    """SECURITY 20: else any student could keep the teacher from the controls."""
    teacher = lan.test_client()
    sent = {"base_url": LAN, "environ_overrides": {"REMOTE_ADDR": "192.168.0.2"}}
    assert teacher.post("/lab/code", json={"code": CODE}, **sent).status_code == 204
    guess_until_the_limit(lan)
    assert teacher.post("/lab/nodes", **sent).status_code == 201
    assert teacher.get("/lab/code", **sent).get_json() == {"may_press": True}
    assert press(lan).status_code == 201


def test_a_used_up_limit_ends_with_the_lab(start_lan: Callable[[], Flask]) -> None:
    guess_until_the_limit(start_lan())
    assert press(start_lan(), at=LAN, client=STUDENT, **RIGHT["page"]).status_code == 204


def test_a_wrong_cookie_is_no_guess_for_it_has_nothing_of_the_code(lan: Flask, start_lan: Callable[[], Flask]) -> None:
    """SECURITY 20: a browser that still has the cookie of an earlier lab uses nothing up by looking at pages."""
    cookies = [_proof_of(lan)]
    lan = start_lan()
    cookies += ["guess", hmac.new(CODE.encode(), b"lab controls", hashlib.sha256).hexdigest()]
    for cookie in cookies * WRONG_CODES_PER_MINUTE:
        brought = {"headers": {"Cookie": f"sot_instructor={cookie}"}}
        assert press(lan, "GET", "/lab/code", LAN, STUDENT, **brought).get_json() == {"may_press": False}
        assert press(lan, "GET", "/scale-out", LAN, STUDENT, **brought).status_code == 200
        assert_problem(press(lan, at=LAN, client=STUDENT, **brought), 403, "wrong_code")
    assert press(lan, at=LAN, client=STUDENT, **RIGHT["page"]).status_code == 204


def test_every_node_knows_the_proof_that_another_gave(lan: Flask, make_app: MakeApp, socket: Path) -> None:
    another_node = make_app(control_socket=socket, instructor_code=CODE)
    brought = {"Cookie": f"sot_instructor={_proof_of(lan)}"}
    assert press(another_node, at=LAN, client=STUDENT, headers=brought).status_code == 201


def test_what_the_nodes_share_is_readable_by_the_labs_own_user_only(lan: Flask, socket: Path) -> None:
    """SECURITY 22."""
    _proof_of(lan)
    assert socket.with_name(SHARED_FILE).stat().st_mode & 0o777 == 0o600


def test_where_guesses_cannot_be_counted_none_is_judged(make_app: MakeApp, tmp_path: Path) -> None:
    """SECURITY 20."""
    app = make_app(control_socket=tmp_path / "gone" / "socket", instructor_code=CODE)
    for sent in (*GUESSES.values(), *RIGHT.values()):
        assert_problem(press(app, at=LAN, client=STUDENT, **sent), 503, "supervisor_unavailable")


def test_the_terminal_names_the_address_of_a_guess(lan: Flask, caplog: pytest.LogCaptureFixture) -> None:
    press(lan, at=LAN, client=STUDENT, **GUESSES["page"])
    assert STUDENT in caplog.text
    assert "AAAAAAAA" not in caplog.text


def _proof_of(app: Flask) -> str:
    response = press(app, at=LAN, client=STUDENT, **RIGHT["page"])
    return response.headers["Set-Cookie"].split(";")[0].split("=")[1]


def test_the_code_is_in_no_log_no_page_and_no_address(lan: Flask, caplog: pytest.LogCaptureFixture) -> None:
    """SECURITY 20, 22."""
    caplog.set_level(logging.DEBUG)
    told = [
        press(lan, "POST", "/lab/code", LAN, STUDENT, json={"code": CODE}),
        press(lan, "POST", "/lab/code", LAN, STUDENT, json={"code": f"{CODE}X"}),
        press(lan, "GET", "/scale-out", LAN, STUDENT, headers={"Accept": "text/html"}),
        press(lan, "GET", "/lab/state", LAN, STUDENT, headers={"X-Lab-Trace": "1"}),
    ]
    heard = "".join([caplog.text, *(f"{response.headers}{response.get_data(as_text=True)}" for response in told)])
    assert CODE not in heard
    by_address = press(lan, "POST", f"/lab/nodes?code={CODE}&X-Instructor-Code={CODE}", LAN, STUDENT)
    assert_problem(by_address, 403, "code_needed")


# -- where there is no lab


@pytest.mark.parametrize("settings", [{"lab": False}, {"control_socket": None}])
def test_without_a_lab_or_a_supervisor_there_is_nothing(
    make_app: MakeApp, socket: Path, settings: dict[str, object]
) -> None:
    """SECURITY 20."""
    app = make_app(**{"control_socket": socket, "instructor_code": CODE, **settings})
    for method, path, body, _ in (
        *PRESSES,
        ("GET", "/lab/state", None, ()),
        ("GET", "/lab/code", None, ()),
        ("POST", "/lab/code", None, ()),
    ):
        assert press(app, method, path, json=body).status_code == 404
    assert press(app, "GET", "/scale-out").status_code == 404
    home = press(app, "GET", "/", headers={"Accept": "text/html"}).get_data(as_text=True)
    assert "scale-out" not in home


def test_the_home_page_leads_there(app: Flask) -> None:
    home = press(app, "GET", "/", headers={"Accept": "text/html"}).get_data(as_text=True)
    assert 'href="/scale-out"' in home
