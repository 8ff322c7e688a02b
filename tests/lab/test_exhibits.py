"""The pages about one token and one connection: there in a lab, not outside it, and no token is made on the way."""

import pytest
from flask import Flask

from tests.conftest import MakeApp

pytestmark = pytest.mark.any_store

PAGES = ("/jwt", "/tcp")


@pytest.mark.parametrize("path", PAGES)
def test_a_lab_shows_the_page_and_leads_to_it(app: Flask, path: str) -> None:
    client = app.test_client()
    assert client.get(path).status_code == 200
    assert f'href="{path}"' in client.get("/", headers={"Accept": "text/html"}).text


@pytest.mark.parametrize("path", PAGES)
def test_outside_a_lab_there_is_no_such_page(make_app: MakeApp, path: str) -> None:
    client = make_app(lab=False).test_client()
    assert client.get(path).status_code == 404
    assert f'href="{path}"' not in client.get("/", headers={"Accept": "text/html"}).text


@pytest.mark.parametrize("name", ["password", "email", "phone_number", "anything"])
def test_a_claim_that_is_not_listed_is_refused_by_name(app: Flask, name: str) -> None:
    answer = app.test_client().post("/jwt/claims", json={"claims": [name]}).get_json()
    assert answer["issued"] is False
    listed = "aud, exp, iat, iss, jti, login_id, role, sub"
    assert answer["says"] == f"an access token cannot have {name}, only {listed}."


def test_the_refusal_is_in_the_readers_language(app: Flask) -> None:
    korean = {"Accept-Language": "ko"}
    says = app.test_client().post("/jwt/claims", json={"claims": ["password"]}, headers=korean).get_json()["says"]
    assert says.startswith("액세스 토큰에는 password")
    assert "exactly" not in says


@pytest.mark.parametrize("names", [[], ["role"]])
def test_listed_claims_are_not_refused_and_no_token_comes_back(app: Flask, names: list[str]) -> None:
    assert app.test_client().post("/jwt/claims", json={"claims": names}).get_json() == {"issued": True, "says": None}


@pytest.mark.parametrize("claims", [None, "password", [1], ["x"] * 11, {}])
def test_what_is_no_list_of_names_is_a_mistake(app: Flask, claims: object) -> None:
    assert app.test_client().post("/jwt/claims", json={"claims": claims}).status_code == 400
