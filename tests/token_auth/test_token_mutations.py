"""Real tokens, damaged at random: let in only when nothing was changed, and never an error of ours."""

from collections.abc import Callable

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import MakeVisitor
from tests.support.visitor import Visitor

Damage = Callable[[str], str]

characters = st.characters(min_codepoint=1, max_codepoint=255, exclude_characters="\r\n")
positions = st.integers(0, 10_000)
damages = st.one_of(
    st.builds(lambda at, new: lambda t: t[: at % len(t)] + new + t[at % len(t) + 1 :], positions, characters),
    st.builds(lambda at, new: lambda t: t[: at % len(t)] + new + t[at % len(t) :], positions, characters),
    st.builds(lambda at: lambda t: t[: at % len(t)] + t[at % len(t) + 1 :], positions),
    st.builds(lambda at: lambda t: t[: at % len(t)], positions),
    st.builds(lambda a, b: lambda t: t[: a % len(t)] + t[b % len(t) :], positions, positions),
    st.builds(lambda new: lambda t: t[:-1] + new, st.sampled_from("AEIMQUYcgkosw048BCDfghxyz-_")),
    st.builds(
        lambda order: lambda t: ".".join(t.split(".")[i % len(t.split("."))] for i in order), st.lists(positions)
    ),
)
bounded = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture
def tokens(visitor: MakeVisitor) -> Visitor:
    return visitor("token").login("alice")


def damaged(token: str, several: list[Damage]) -> str:
    for damage in several:
        token = damage(token or "x")
    return token.strip()  # what surrounds a header's value is not part of it


@bounded
@given(several=st.lists(damages, min_size=1, max_size=3))
def test_a_damaged_access_token_never_opens_a_page(app: Flask, tokens: Visitor, several: list[Damage]) -> None:
    """SECURITY 7."""
    real = tokens.access or ""
    token = damaged(real, several)
    answer = app.test_client().get("/token/profile", headers={"Authorization": f"Bearer {token}"})
    if token == real:
        assert answer.status_code == 200
    else:
        assert (answer.status_code, answer.get_json()["code"]) == (401, "invalid_token")


@bounded
@given(several=st.lists(damages, min_size=1, max_size=3))
def test_a_damaged_refresh_token_yields_nothing(app: Flask, tokens: Visitor, several: list[Damage]) -> None:
    """SECURITY 7."""
    token = damaged(tokens.refresh_token or "", several)
    if token == tokens.refresh_token:
        return
    answer = app.test_client().post("/token/refresh", json={"refresh_token": token})
    assert answer.status_code in (400, 401)
    assert "access_token" not in answer.get_json()


@bounded
@given(header=st.text(characters, max_size=200))
def test_no_authorization_header_breaks_the_server(app: Flask, tokens: Visitor, header: str) -> None:
    """SECURITY 7."""
    answer = app.test_client().get("/token/profile", headers={"Authorization": header})
    assert answer.status_code in (400, 401)
