"""Our reading of a token beside PyJWT's own: it never lets in what PyJWT refuses, and lets in all that we issue."""

import json
from pathlib import Path
from time import time
from typing import Any, get_args

import jwt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import asdict

from tests.support.forge import b64, unb64
from tests.token_auth.test_token_mutations import Damage, damages
from token_auth.claims import CLAIMS, AccessClaims, Expectation, Malformed, decode, encode
from token_auth.key_ring import KeyRing
from token_auth.keys import ACCESS, CLOCK_SKEW_S, DAY_S, REFRESH, Algorithm, Key, new_key

NOW = time()  # PyJWT has no other clock
ISSUER = "https://example.org"
AUDIENCE = "token"
EXPECTED = Expectation(ACCESS, AccessClaims, ISSUER, AUDIENCE, DAY_S)
ALGORITHMS = get_args(Algorithm)
CLAIMED: dict[str, Any] = {
    "iat": int(NOW),
    "exp": int(NOW) + 300,
    "iss": ISSUER,
    "aud": AUDIENCE,
    "sub": "alice",
    "jti": "7Zq-0",
    "role": "user",
    "login_id": "B_x9",
}

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=40)
odd = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.lists(st.sampled_from([AUDIENCE, "elsewhere", "", 7, None]), max_size=3),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=1),
    st.sampled_from([ISSUER, AUDIENCE, ACCESS, REFRESH, "none", *ALGORITHMS]),
    st.sampled_from([int(NOW) + ahead for ahead in (-DAY_S, 0, 4, 8, 300, DAY_S, DAY_S + 9)]),
)
changes = st.lists(st.tuples(st.sampled_from([*CLAIMED, "nbf", "", "\0"]), odd), max_size=2)
header_changes = st.lists(st.tuples(st.sampled_from(["alg", "typ", "kid", "crit", "b64", "jwk"]), odd), max_size=1)
respelled: st.SearchStrategy[Damage] = st.sampled_from(
    [
        lambda token: token,
        lambda token: f"{token}=",
        lambda token: f" {token}",
        lambda token: f"{token}\n",
        lambda token: token.replace("-", "+").replace("_", "/"),
        lambda token: token.replace(".", "=.", 1),
        lambda token: f"{token}.",
        lambda token: f"{token[:-1]}{chr(ord(token[-1]) + 1)}",
    ]
)
cases = st.sampled_from(ALGORITHMS)
bounded = settings(max_examples=400, deadline=None, derandomize=True)


@pytest.fixture(scope="module")
def ring(tmp_path_factory: pytest.TempPathFactory) -> KeyRing:
    """Return a ring with a key of each algorithm, all of which still verify."""
    file: Path = tmp_path_factory.mktemp("keys") / "keys.json"
    ring = KeyRing(file, now=lambda: NOW)
    for algorithm in ALGORITHMS[1:]:
        ring.rotate(algorithm)
    return ring


def key_of(ring: KeyRing, algorithm: str) -> Key:
    return next(key for key in ring.current().keys if key.alg == algorithm)


def ours(ring: KeyRing, token: str) -> dict[str, Any] | None:
    try:
        return asdict(decode(token, ring, EXPECTED, NOW))
    except Malformed:
        return None


def pyjwts(ring: KeyRing, token: str) -> dict[str, Any] | None:
    try:
        key = ring.current().find(jwt.get_unverified_header(token)["kid"])
        assert key is not None
        return jwt.decode(
            token,
            key.verifying,
            algorithms=[key.alg],
            audience=AUDIENCE,
            issuer=ISSUER,
            leeway=CLOCK_SKEW_S,
            options={"require": sorted(CLAIMS[ACCESS]), "verify_exp": False},
        )
    except (jwt.PyJWTError, KeyError, AssertionError):
        return None


def never_more_than_pyjwt(ring: KeyRing, token: str) -> None:
    mine = ours(ring, token)
    assert mine is None or mine == pyjwts(ring, token)


def signed(key: Key, header: dict[str, Any], claims: dict[str, Any]) -> str:
    message = f"{b64(json.dumps(header).encode())}.{b64(json.dumps(claims).encode())}"
    return f"{message}.{b64(key.sign(message.encode()))}"


def header_of(key: Key) -> dict[str, Any]:
    return {"kid": key.kid, "typ": ACCESS, "alg": key.alg}


@bounded
@given(algorithm=cases, changed=changes, header=header_changes, respell=respelled)
def test_what_our_key_signed_is_let_in_only_if_pyjwt_lets_it_in(
    ring: KeyRing, algorithm: str, changed: list[Any], header: list[Any], respell: Damage
) -> None:
    key = key_of(ring, algorithm)
    token = signed(key, header_of(key) | dict(header), CLAIMED | dict(changed))
    never_more_than_pyjwt(ring, respell(token))


@bounded
@given(algorithm=cases, several=st.lists(damages, min_size=1, max_size=3))
def test_what_was_damaged_on_its_way_is_refused(ring: KeyRing, algorithm: str, several: list[Damage]) -> None:
    token = real = encode(key_of(ring, algorithm), ACCESS, CLAIMED)
    for damage in several:
        token = damage(token or "x")
    never_more_than_pyjwt(ring, token)
    assert token == real or ours(ring, token) is None


@bounded
@given(algorithm=cases, of=cases)
def test_a_signature_by_another_key_than_the_named_one_is_refused(ring: KeyRing, algorithm: str, of: str) -> None:
    """Any of ours under another's header, and a stranger's that says it is ours."""
    named = key_of(ring, algorithm)
    for key in (key_of(ring, of), new_key("HS256")):
        token = signed(key, header_of(named), CLAIMED)
        assert (ours(ring, token) is not None) == (key is named)
        never_more_than_pyjwt(ring, token)


@bounded
@given(algorithm=cases, sub=texts, role=texts, login_id=texts)
def test_all_that_we_issue_is_let_in(ring: KeyRing, algorithm: str, sub: str, role: str, login_id: str) -> None:
    claims = CLAIMED | {"sub": sub, "role": role, "login_id": login_id}
    token = encode(key_of(ring, algorithm), ACCESS, claims)
    assert ours(ring, token) == pyjwts(ring, token) == claims


@pytest.mark.parametrize("text", [r"\u0000", r"a\\u0000", '"', "\x7f", "한글", "😀"])
def test_a_text_that_only_looks_like_nul_is_let_in(ring: KeyRing, text: str) -> None:
    token = encode(key_of(ring, "HS256"), ACCESS, CLAIMED | {"sub": text})
    assert ours(ring, token) == CLAIMED | {"sub": text}


@pytest.mark.parametrize("text", ["\0", "\\\0", "\\\\\0", "a\0b", "\ud800", "\udc00\ud800"])
def test_nul_and_half_of_a_character_are_no_text_wherever_they_stand(ring: KeyRing, text: str) -> None:
    key = key_of(ring, "HS256")
    for name in ("iss", "aud", "sub", "jti", "role", "login_id"):
        assert ours(ring, signed(key, header_of(key), CLAIMED | {name: text})) is None, name
    assert ours(ring, signed(key, header_of(key), CLAIMED | {"aud": [AUDIENCE, text]})) is None


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_pyjwt_writes_the_same_token(ring: KeyRing, algorithm: str) -> None:
    """A signature by ES256 is another one each time."""
    key = key_of(ring, algorithm)
    theirs = jwt.encode(CLAIMED, key.signing, algorithm, headers={"typ": ACCESS, "kid": key.kid})
    mine = encode(key, ACCESS, CLAIMED)
    assert mine.rpartition(".")[0] == theirs.rpartition(".")[0]
    assert mine == theirs or algorithm == "ES256"
    assert ours(ring, theirs) == CLAIMED


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("order", [("alg", "kid", "typ"), ("typ", "kid", "alg")])
def test_a_header_in_another_spelling_says_the_same(ring: KeyRing, algorithm: str, order: tuple[str, ...]) -> None:
    key = key_of(ring, algorithm)
    token = signed(key, {name: header_of(key)[name] for name in order}, CLAIMED)
    assert unb64(token.partition(".")[0]) != unb64(key.header(ACCESS).decode())
    assert ours(ring, token) == CLAIMED


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_revoked_key_is_refused_in_every_spelling_of_its_header(tmp_path: Path, algorithm: Algorithm) -> None:
    ring = KeyRing(tmp_path / "keys.json", algorithm, now=lambda: NOW)
    key = ring.signing_key()
    tokens = [encode(key, ACCESS, CLAIMED), signed(key, header_of(key), CLAIMED)]
    assert [ours(ring, token) for token in tokens] == [CLAIMED, CLAIMED]
    ring.revoke(key.kid)
    assert [ours(ring, token) for token in tokens] == [None, None]


def test_a_token_of_a_key_that_another_process_has_just_made_is_let_in(tmp_path: Path) -> None:
    first, second = (KeyRing(tmp_path / "keys.json", now=lambda: NOW) for _ in range(2))
    second.rotate()
    assert ours(first, encode(second.signing_key(), ACCESS, CLAIMED)) == CLAIMED
