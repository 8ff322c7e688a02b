"""docs/reference/openapi.json describes the app: every route, every code, and what is really answered."""

import json
import re
from collections.abc import Iterator
from itertools import chain, product
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from jsonschema import Draft202012Validator
from werkzeug.test import TestResponse

from service import errors
from service.accounts.attempts import FAILURES_PER_MINUTE
from tests.conftest import MakeApp
from tests.support.ports import free_port
from tests.support.visitor import APPROACHES, BY_SESSION, BY_TOKEN, Visitor

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
DOCUMENT = json.loads((REFERENCE / "openapi.json").read_text("utf-8"))
METHODS = {"get", "post", "delete", "put", "patch"}
OF_NO_APPROACH = {"home", "well_known"}
# Forms of the pages' header, and a redirect: they answer no program.
FOR_BROWSERS = {("POST", "/language"), ("POST", "/display"), *(("GET", f"/{approach}") for approach in APPROACHES)}
BY_THE_BALANCER = {"no_node", "crowded"}

Operation = tuple[str, str]  # method and path, the approach filled in


def resolved(part: dict[str, Any]) -> dict[str, Any]:
    """Return what a `$ref` refers to."""
    while "$ref" in part:
        kind, name = part["$ref"].removeprefix("#/components/").split("/")
        part = DOCUMENT["components"][kind][name]
    return part


def described() -> dict[Operation, dict[str, Any]]:
    found = {}
    for path, item in DOCUMENT["paths"].items():
        parameters = [resolved(parameter) for parameter in item.get("parameters", [])]
        choices = [parameter["schema"]["enum"] for parameter in parameters if parameter["name"] == "approach"]
        for method, approach in product(METHODS & item.keys(), *choices or [[""]]):
            found[method.upper(), path.replace("{approach}", approach)] = item[method]
    return found


OPERATIONS = described()
PATTERNS = {known: re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(known[1]))) for known in OPERATIONS}


def test_the_app_and_the_document_have_the_same_routes(module_app: Flask) -> None:
    routes = {
        (method, re.sub(r"<(\w+)>", r"{\1}", rule.rule))
        for rule in module_app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.endpoint.split(".")[0] in OF_NO_APPROACH | set(APPROACHES)
    }
    assert routes - FOR_BROWSERS == OPERATIONS.keys()


def test_each_operation_has_a_name_of_its_own() -> None:
    names = [item[method]["operationId"] for item in DOCUMENT["paths"].values() for method in METHODS & item.keys()]
    assert len(set(names)) == len(names)


def test_a_templated_path_describes_its_parameters() -> None:
    for path, item in DOCUMENT["paths"].items():
        names = {resolved(parameter)["name"] for parameter in item.get("parameters", [])}
        assert names == set(re.findall(r"{(\w+)}", path))


def codes_of(error: type[errors.ServiceError]) -> Iterator[str]:
    if error.__module__ == errors.__name__:
        yield error.code
    for kind in error.__subclasses__():
        yield from codes_of(kind)


def test_the_document_and_the_page_have_the_codes_of_the_service() -> None:
    codes = {*codes_of(errors.ServiceError), *errors.HTTP_CODES.values()}
    assert set(DOCUMENT["components"]["schemas"]["Code"]["enum"]) == codes | BY_THE_BALANCER
    table = (REFERENCE / "http.md").read_text("utf-8").split("## Errors")[1].split("\n## ")[0]
    assert set(re.findall(r"`([a-z]+(?:_[a-z]+)*)`", "".join(re.findall(r"^\| \d+ \| (.*?) \|", table, re.M)))) == (
        codes | BY_THE_BALANCER
    )


def operation_of(response: TestResponse) -> dict[str, Any]:
    """Return what a request asked for: a path that is written out before one with a parameter in its place."""
    method, path = response.request.method, response.request.path
    meant = [known for known, pattern in PATTERNS.items() if known[0] == method and pattern.fullmatch(path)]
    return OPERATIONS[min(meant, key=lambda known: known[1].count("{"))]


def answer_described(response: TestResponse) -> dict[str, Any]:
    return resolved(operation_of(response)["responses"][str(response.status_code)])


def life_of_a_login(app: Flask, approach: str) -> Iterator[TestResponse]:
    """Yield an answer of each route of an approach: of those that let in, and of those that refuse."""
    alice, carol = Visitor(app, approach), Visitor(app, approach)
    yield alice.get("whoami")
    yield alice.get("profile")
    yield alice.get("login")
    yield alice.client.post(f"/{approach}/login", json={"username": "alice"})
    yield alice.client.post(f"/{approach}/login", data="alice", content_type="text/plain")
    yield alice.try_login("alice", "wrong")
    yield alice.try_login("alice")
    yield carol.try_login("carol")
    yield alice.get("whoami")
    yield alice.get("profile")
    yield alice.get("profile?work_ms=many")
    yield alice.post("notes", json={"text": "a note"})
    yield alice.post("notes", json={})
    yield alice.get("notes")
    yield alice.get("admin")
    yield carol.get("admin")
    yield from ends_of_logins(app, approach, alice)
    if approach in BY_SESSION:
        yield alice.post("renew")
    if approach in BY_TOKEN:
        yield alice.refresh()
        yield Visitor(app, approach).post("refresh", json={"refresh_token": "made up"})
        yield from in_cookies(Visitor(app, approach))
    yield alice.post("logout", headers={"Sec-Fetch-Site": "cross-site"})
    yield alice.post("logout")
    yield carol.delete("logins")
    yield Visitor(app, approach).login("carol").post("logins/end")


def ends_of_logins(app: Flask, approach: str, alice: Visitor) -> Iterator[TestResponse]:
    for _ in range(2):
        Visitor(app, approach).login("alice")
    listed = alice.get("logins")
    yield listed
    others = [login["id"] for login in listed.get_json()["logins"] if not login["current"]]
    if others:  # on /open there is none
        yield alice.delete(f"logins/{others[0]}")
        yield alice.post(f"logins/{others[1]}/end")
    yield alice.delete("logins/unknown")
    yield alice.post("logins/unknown/end")


def in_cookies(bob: Visitor) -> Iterator[TestResponse]:
    yield bob.try_login("bob", transport="cookie")
    yield bob.client.post(f"/{bob.approach}/refresh")


def answers_of_no_approach(app: Flask) -> Iterator[TestResponse]:
    client = app.test_client()
    assert app.test_cli_runner().invoke(args=["keys", "rotate", "--algorithm", "EdDSA"]).exit_code == 0
    for path in ("/", "/healthz", "/readyz", "/.well-known/jwks.json"):
        yield client.get(path)


def refusals_of_too_many(app: Flask) -> Iterator[TestResponse]:
    """From an address of its own: that is counted too."""
    wrong = {"username": "load-0001", "password": "wrong"}
    for _ in range(FAILURES_PER_MINUTE + 1):
        yield app.test_client().post("/session/login", json=wrong, environ_overrides={"REMOTE_ADDR": "192.0.2.1"})


@pytest.fixture(scope="module")
def answers(module_app: Flask) -> list[TestResponse]:
    """What the app really answers, on every route."""
    lives = (life_of_a_login(module_app, approach) for approach in APPROACHES)
    return [*chain(*lives, answers_of_no_approach(module_app), refusals_of_too_many(module_app))]


def test_each_operation_is_asked_with_success(answers: list[TestResponse]) -> None:
    asked = {operation_of(answer)["operationId"] for answer in answers if answer.status_code < 400}
    assert asked == {operation["operationId"] for operation in OPERATIONS.values()}


def test_an_answer_has_a_status_and_a_kind_that_are_described(answers: list[TestResponse]) -> None:
    for answer in answers:
        kinds = answer_described(answer).get("content")
        assert answer.data == b"" if kinds is None else answer.mimetype in kinds, answer.request


def test_the_body_of_an_answer_is_as_described(answers: list[TestResponse]) -> None:
    for answer in filter(lambda answer: answer.data, answers):
        schema = answer_described(answer)["content"][answer.mimetype]["schema"]
        # The validator looks `$ref` up in the schema that it is given.
        whole = {**schema, "components": DOCUMENT["components"]}
        Draft202012Validator(whole).validate(answer.get_json())


def test_the_refusals_while_the_store_is_away_are_described(make_app: MakeApp) -> None:
    app = make_app(redis_url=f"redis://127.0.0.1:{free_port()}")
    for answer in (Visitor(app, "session").try_login(), app.test_client().get("/readyz")):
        assert answer.status_code == 503
        assert answer.mimetype in answer_described(answer)["content"]
