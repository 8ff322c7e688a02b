"""The published keys: enough to verify our tokens, and nothing to sign with."""

from typing import Any

import jwt
import pytest
from flask import Flask

from tests.conftest import MakeApp
from tests.support.forge import header_of, unb64
from tests.support.visitor import BY_TOKEN, Visitor
from token_auth.key_ring import read_ring

ASYMMETRIC = ("EdDSA", "ES256", "RS256")
PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}


def published(app: Flask) -> list[dict[str, Any]]:
    response = app.test_client().get("/.well-known/jwks.json")
    assert response.status_code == 200
    assert response.get_json().keys() == {"keys"}
    return list(response.get_json()["keys"])


def test_an_hmac_secret_is_never_published(app: Flask) -> None:
    """SECURITY 2, 22."""
    assert published(app) == []


@pytest.mark.parametrize("algorithm", ASYMMETRIC)
def test_only_the_public_half_is_published(make_app: MakeApp, config: Any, algorithm: str) -> None:
    """SECURITY 22."""
    app = make_app(jwt_algorithm=algorithm)
    [jwk] = published(app)
    assert not PRIVATE & jwk.keys()
    assert (jwk["alg"], jwk["use"]) == (algorithm, "sig")
    text = app.test_client().get("/.well-known/jwks.json").get_data(as_text=True)
    for key in read_ring(config.key_ring_file).keys:
        assert not [name for name in PRIVATE & key.jwk.keys() if key.jwk[name] in text]


@pytest.mark.parametrize("approach", BY_TOKEN)
@pytest.mark.parametrize("algorithm", ASYMMETRIC)
def test_somebody_else_verifies_a_token_with_the_published_keys_alone(
    make_app: MakeApp, algorithm: str, approach: str
) -> None:
    app = make_app(jwt_algorithm=algorithm)
    token = Visitor(app, approach).login("alice").access or ""
    keys = jwt.PyJWKSet.from_dict({"keys": published(app)})
    claims = jwt.decode(
        token,
        keys[header_of(token)["kid"]],
        algorithms=[algorithm],
        audience=approach,
        issuer="sot-lab",
        options={"verify_exp": False, "verify_iat": False},  # the lab's clock is the test's
    )
    assert (claims["sub"], claims["role"]) == ("alice", "user")
    header, payload, signature = token.split(".")
    broken = f"{header}.{payload}.{'A' * len(signature)}"
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.PyJWS().decode(broken, keys[header_of(token)["kid"]], algorithms=[algorithm])
    assert len(unb64(signature)) in {64, 256}


def test_retired_keys_are_published_and_revoked_ones_are_not(make_app: MakeApp) -> None:
    app = make_app(jwt_algorithm="ES256")  # the seeded HMAC key is retired by this
    run = app.test_cli_runner().invoke
    [first] = published(app)
    run(args=["keys", "rotate"])
    assert [jwk["kid"] == first["kid"] for jwk in published(app)] == [True, False]
    run(args=["keys", "revoke", first["kid"]])
    assert first["kid"] not in [jwk["kid"] for jwk in published(app)]
    assert len(published(app)) == 1


def test_the_keys_are_there_without_a_login_and_without_a_store(make_app: MakeApp) -> None:
    app = make_app(jwt_algorithm="EdDSA", redis_url="redis://127.0.0.1:9")
    assert len(published(app)) == 1
