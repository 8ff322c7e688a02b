"""Forged and malformed access tokens: refused with 401, and nothing looked up or followed on their word."""

import builtins
import io
import json
import os
from typing import Any

import pytest
from flask import Flask

from service.config import Config
from tests.conftest import MakeApp, MakeVisitor
from tests.support.forge import Forge, b64, claims_of, header_of, hs256, unb64
from tests.support.visitor import BY_TOKEN, Visitor
from token_auth.key_ring import read_ring

INVALID = (401, "invalid_token")


@pytest.fixture
def forge(config: Config, app: Flask) -> Forge:
    return Forge(config.key_ring_file)


@pytest.fixture
def alice(visitor: MakeVisitor) -> Visitor:
    return visitor("token").login("alice")


def shows(visitor: Visitor, token: str | bytes) -> tuple[int, str]:
    """Show a token at the door; return the status, and the code of the refusal or who was let in."""
    visitor.access = token.decode("latin-1") if isinstance(token, bytes) else token
    response = visitor.get("profile")
    body = response.get_json()
    return response.status_code, body["member"]["username"] if response.status_code == 200 else body["code"]


def test_a_copy_signed_with_the_real_key_is_let_in_so_the_refusals_here_mean_something(
    alice: Visitor, forge: Forge
) -> None:
    assert shows(alice, forge.with_claims(alice.access, jti="another")) == (200, "alice")


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "nOnE", " none", "none\0", ""])
def test_no_spelling_of_none_is_an_algorithm(alice: Visitor, alg: str) -> None:
    """SECURITY 1."""
    _, payload, real = alice.access.split(".")
    unsigned = b64(json.dumps({**header_of(alice.access), "alg": alg}).encode())
    for signature in ("", "AA", real):
        assert shows(alice, f"{unsigned}.{payload}.{signature}") == INVALID


def test_the_key_fixes_the_algorithm_and_the_header_never_chooses(alice: Visitor, forge: Forge) -> None:
    """SECURITY 1."""
    token = alice.access
    for alg in ("hs256", "Hs256", "HS384", "HS512", "RS256", "EdDSA", ["HS256"], None, 256, {}, True):
        assert shows(alice, forge.with_header(token, alg=alg)) == INVALID, alg


def test_a_header_without_a_parameter_is_refused(alice: Visitor, forge: Forge) -> None:
    """SECURITY 1, 5."""
    token = alice.access
    for missing in ("alg", "typ", "kid"):
        assert shows(alice, forge.with_header(token, without=missing)) == INVALID, missing


@pytest.mark.parametrize("algorithm", ["EdDSA", "ES256", "RS256"])
def test_a_public_key_is_no_hmac_secret(make_app: MakeApp, config: Config, algorithm: str) -> None:
    """SECURITY 1: the published key must not sign, in any form that an attacker can give it."""
    alice = Visitor(make_app(jwt_algorithm=algorithm), "token").login()
    key = read_ring(config.key_ring_file).active
    public = key.verifying.key
    header, claims = header_of(alice.access), claims_of(alice.access)
    for secret in public_forms(public, key.public_jwk()):
        for alg in ("HS256", algorithm):
            assert shows(alice, hs256({**header, "alg": alg}, claims, secret)) == INVALID


def public_forms(public: Any, jwk: dict[str, str]) -> list[bytes]:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: PLC0415

    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return [pem, pem.strip(), der, unb64(jwk.get("x") or jwk["n"]), json.dumps(jwk).encode(), b""]


ODD_KIDS = [
    "../../../../dev/null",
    "/etc/passwd",
    "' OR 1=1 --",
    "k-00000000",
    "x" * 2000,
    "x" * 10_000,
    "\0",
    "",
    "__class__",
    7,
    1.5,
    ["k-00000000"],
    {"kid": "x"},
    None,
    True,
]


def test_a_kid_is_only_compared_and_opens_no_file_and_no_database(
    alice: Visitor, forge: Forge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SECURITY 4."""
    tokens = [forge.with_header(alice.access, kid=kid) for kid in ODD_KIDS]
    opened: list[object] = []
    for module, name in ((builtins, "open"), (io, "open"), (os, "open")):
        monkeypatch.setattr(module, name, lambda path, *_args, **_kwargs: opened.append(path))
    answers = []
    for alice.access in tokens:
        answers.append(alice.get("profile", headers={"X-Lab-Trace": "1"}))
    monkeypatch.undo()
    assert {(refused.status_code, refused.get_json()["code"]) for refused in answers} == {INVALID}
    assert {step["part"] for refused in answers for step in json.loads(refused.headers["X-Lab-Trace"])} == {"verify"}
    assert opened == []


OWN_RULES = [
    ("jku", "http://127.0.0.1:9/jwks.json"),
    ("x5u", "http://127.0.0.1:9/cert.pem"),
    ("x5c", ["MIIB"]),
    ("jwk", {"kty": "oct", "k": "AAAA"}),
    ("crit", ["exp"]),
    ("crit", []),
    ("b64", False),
    ("zip", "DEF"),
    ("cty", "JWT"),
]


def test_a_header_that_brings_its_own_key_or_rules_is_refused_and_not_followed(
    alice: Visitor, forge: Forge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SECURITY 4."""
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("a token's word was followed"))
    token = alice.access
    for name, value in OWN_RULES:
        assert shows(alice, forge.with_header(token, **{name: value})) == INVALID, name


def test_a_key_that_a_token_brings_along_does_not_verify_it(alice: Visitor) -> None:
    """SECURITY 4: CVE-2018-0114 in other libraries."""
    mine = b"m" * 32
    header = {**header_of(alice.access), "jwk": {"kty": "oct", "k": b64(mine), "kid": header_of(alice.access)["kid"]}}
    assert shows(alice, hs256(header, claims_of(alice.access), mine)) == INVALID


@pytest.mark.parametrize("approach", BY_TOKEN)
def test_malformed_tokens_are_refused_and_never_break_the_server(
    app: Flask, visitor: MakeVisitor, config: Config, approach: str
) -> None:
    """SECURITY 7."""
    alice = visitor(approach).login("alice")
    token = alice.access
    header, payload, signature = token.split(".")
    forge = Forge(config.key_ring_file)
    nested = b"[" * 1400 + b"]" * 1400
    malformed = {
        "empty": "",
        "one part": header,
        "two parts": f"{header}.{payload}",
        "four parts": f"{token}.{signature}",
        "five parts": f"{token}.{header}.{payload}",
        "empty parts": "..",
        "no signature": f"{header}.{payload}.",
        "no payload": f"{header}..{signature}",
        "JSON serialisation": json.dumps({"protected": header, "payload": payload, "signature": signature}),
        "padded": f"{token}=",
        "padded twice": f"{token}==",
        "padded header": f"{header}=.{payload}.{signature}",
        "space inside": f"{header}. {payload}.{signature}",
        "standard base64": token.replace("-", "+").replace("_", "/") + "+",
        "NUL at the end": f"{token}\0",
        "NUL inside": token.replace(".", "\0.", 1),
        "not ASCII": f"{token}é",
        "not UTF-8": token.encode() + b"\xff\xfe",
        "5 kB": token + "A" * 5000,
        "1 MB": "A" * 1_000_000,
        "1 MB, three parts": ".".join(["A" * 333_333] * 3),
        "one character too many": f"{token}A",
        "header no JSON": forge.with_raw_header(token, b"{"),
        "header not UTF-8": forge.with_raw_header(token, b'{"alg":"\xff"}'),
        "header a list": forge.with_raw_header(token, b"[]"),
        "header a string": forge.with_raw_header(token, b'"HS256"'),
        "header nested": forge.with_raw_header(token, nested),
        "payload empty": forge.with_payload(token, b" "),
        "payload no JSON": forge.with_payload(token, b"{"),
        "payload null": forge.with_payload(token, b"null"),
        "payload a list": forge.with_payload(token, b"[1]"),
        "payload a string": forge.with_payload(token, b'"alice"'),
        "payload a number": forge.with_payload(token, b"1"),
        "payload not UTF-8": forge.with_payload(token, b'{"sub":"\xff"}'),
        "payload nested": forge.with_payload(token, nested),
    }
    answers = {name: shows(alice, bad) for name, bad in malformed.items()}
    assert answers == dict.fromkeys(malformed, INVALID)
    assert shows(alice, token) == (200, "alice")


def test_a_second_spelling_of_a_signature_is_refused(alice: Visitor) -> None:
    """SECURITY 7: the last of 43 characters carries two bits that nobody reads; one token has one spelling."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    token = alice.access
    twins = [token[:-1] + character for character in alphabet]
    same_bytes = [twin for twin in twins if unb64(twin.split(".")[2]) == unb64(token.split(".")[2])]
    assert len(same_bytes) == 4  # to a lenient decoder, all of them are the real one
    assert [twin for twin in twins if shows(alice, twin)[0] == 200] == [token]
