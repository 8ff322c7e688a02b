"""What reaches the supervisor, and where there is none."""

from pathlib import Path

import pytest
from flask import Flask

from lab.cluster.refused_command import RefusedCommand
from tests.conftest import MakeApp
from tests.lab.controls.conftest import Recorded
from tests.lab.controls.presses import CODE, PRESSES, press
from tests.support.problems import assert_problem

pytestmark = pytest.mark.any_store


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
