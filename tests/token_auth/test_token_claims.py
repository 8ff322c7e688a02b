"""What a token says, what it must say, and when it is over."""

import json
from typing import Any

import pytest
from flask import Flask

from service.config import DAY_S, Config
from tests.conftest import Clock, MakeApp, MakeVisitor
from tests.support.forge import Forge, claims_of, header_of
from tests.support.visitor import BY_TOKEN, Visitor, add_member
from token_auth.claims import CLAIMS, encode
from token_auth.keys import ACCESS, CLOCK_SKEW_S, REFRESH, new_key

each_token = pytest.mark.parametrize("approach", BY_TOKEN)
WHOLE_NUMBERS = ("iat", "exp")
OTHERS_TYPES = (None, "", 7, True, 1.5, [], {}, ["a"], "text")


@pytest.fixture
def forge(config: Config, app: Flask) -> Forge:
    return Forge(config.key_ring_file)


@pytest.fixture
def alice(visitor: MakeVisitor) -> Visitor:
    return visitor("token").login("alice")


def opens(visitor: Visitor, token: str) -> str:
    """Show an access token; return who was let in, or the code of the refusal."""
    visitor.access = token
    body = visitor.get("profile").get_json()
    return str(body["member"]["username"] if "member" in body else body["code"])


def refreshes(visitor: Visitor, token: str) -> str:
    """Send a refresh token; return `refreshed` or the code of the refusal."""
    visitor.refresh_token = token
    response = visitor.refresh()
    return "refreshed" if response.status_code == 200 else str(response.get_json()["code"])


@each_token
def test_an_access_token_says_exactly_what_the_allowlist_says(visitor: MakeVisitor, approach: str) -> None:
    """SECURITY 3: and no password, address or other personal data."""
    token = visitor(approach).login("alice").access
    assert claims_of(token).keys() == {"iss", "sub", "aud", "iat", "exp", "jti", "role", "login_id"}
    assert header_of(token).keys() == {"alg", "typ", "kid"}
    assert header_of(token)["typ"] == "at+jwt"


@each_token
def test_an_access_token_takes_330_bytes_at_most(visitor: MakeVisitor, approach: str) -> None:
    """It comes along on every request; a longer name or issuer takes 4 bytes more for every 3 characters."""
    for username in ("alice", "carol"):
        assert len(visitor(approach).login(username).access or "") <= 330


@each_token
def test_a_refresh_token_says_nothing_about_the_member(visitor: MakeVisitor, approach: str) -> None:
    """SECURITY 3."""
    alice = visitor(approach).login("alice")
    assert claims_of(alice.refresh_token).keys() == {"iss", "aud", "iat", "exp", "jti"}
    assert header_of(alice.refresh_token)["typ"] == "rt+jwt"
    assert "alice" not in str(claims_of(alice.refresh_token))


@pytest.mark.parametrize("typ", [ACCESS, REFRESH])
@pytest.mark.parametrize("name", ["password", "email", "password_hash", "name"])
def test_a_personal_claim_cannot_get_into_a_token(typ: str, name: str) -> None:
    """SECURITY 3."""
    claims: dict[str, Any] = dict.fromkeys(CLAIMS[typ], "x")
    with pytest.raises(ValueError, match="carries exactly"):
        encode(new_key("HS256"), typ, {**claims, name: "wonderland"})
    with pytest.raises(ValueError, match="carries exactly"):
        encode(new_key("HS256"), typ, {k: v for k, v in claims.items() if k != "jti"})


def test_two_tokens_never_share_an_id(visitor: MakeVisitor) -> None:
    """SECURITY 3."""
    alice = visitor("token").login("alice")
    seen = {claims_of(alice.access)["jti"], claims_of(alice.refresh_token)["jti"]}
    alice.refresh()
    seen |= {claims_of(alice.access)["jti"], claims_of(alice.refresh_token)["jti"]}
    assert len(seen) == 4


@pytest.mark.parametrize("name", sorted(CLAIMS[ACCESS]))
def test_each_claim_is_required_and_of_its_type(alice: Visitor, forge: Forge, name: str) -> None:
    """SECURITY 3."""
    token = alice.access
    answers = {"missing": opens(alice, forge.with_claims(token, without=name))}
    right = (int,) if name in WHOLE_NUMBERS else (str,)
    for value in OTHERS_TYPES:
        if type(value) not in right or value == "":
            answers[repr(value)] = opens(alice, forge.with_claims(token, **{name: value}))
    assert answers == dict.fromkeys(answers, "invalid_token")


@pytest.mark.parametrize("half", ["\ud800", "alice\udfff", "a\0b"])
def test_what_is_signed_and_no_text_is_refused(alice: Visitor, forge: Forge, half: str) -> None:
    """Half of a character, which JSON can write and nothing else can take, was a 500."""
    access = alice.access
    for name in sorted(CLAIMS[ACCESS] - {*WHOLE_NUMBERS}):
        assert opens(alice, forge.with_claims(access, **{name: half})) == "invalid_token", name
    both = [half, claims_of(access)["aud"]]
    assert opens(alice, forge.with_claims(access, aud=both)) == "invalid_token"
    jti = forge.with_claims(alice.refresh_token, jti=half)
    assert refreshes(alice, jti) == "refresh_invalid"


@pytest.mark.parametrize("name", sorted(CLAIMS[REFRESH]))
def test_each_claim_of_a_refresh_token_is_required_and_of_its_type(alice: Visitor, forge: Forge, name: str) -> None:
    """SECURITY 3."""
    token = alice.refresh_token
    answers = {"missing": refreshes(alice, forge.with_claims(token, without=name))}
    for value in (None, True, 1.5, [], {}, ""):
        answers[repr(value)] = refreshes(alice, forge.with_claims(token, **{name: value}))
    assert answers == dict.fromkeys(answers, "refresh_invalid")
    assert refreshes(alice, token) == "refreshed"


def test_a_claim_too_many_is_refused(alice: Visitor, forge: Forge) -> None:
    """SECURITY 3."""
    access, refresh = alice.access, alice.refresh_token
    for extra in ("nbf", "email", "scope", "admin", "", "__proto__"):
        for value in (1, "text"):
            assert opens(alice, forge.with_claims(access, **{extra: value})) == "invalid_token"
            assert refreshes(alice, forge.with_claims(refresh, **{extra: value})) == "refresh_invalid"


def test_a_token_that_is_too_long_is_refused_whoever_signed_it(alice: Visitor, forge: Forge) -> None:
    """SECURITY 7: before anything of it is decoded."""
    token = alice.access
    assert opens(alice, forge.with_claims(token, jti="x" * 2000)) == "alice"
    assert opens(alice, forge.with_claims(token, jti="x" * 4000)) == "invalid_token"


@pytest.mark.parametrize("name", WHOLE_NUMBERS)
def test_odd_numbers_are_no_times(alice: Visitor, forge: Forge, name: str) -> None:
    """SECURITY 7."""
    token = alice.access
    payload = json.dumps({**claims_of(token), name: "HERE"})
    for number in ("1e400", "-1e400", "NaN", "Infinity", "1" + "0" * 1500, "-5", "1.8e9", '"1800000300"'):
        odd = payload.replace('"HERE"', number).encode()
        assert opens(alice, forge.with_payload(token, odd)) == "invalid_token", number


def test_the_issuer_is_compared_exactly(alice: Visitor, forge: Forge) -> None:
    """SECURITY 3."""
    token = alice.access
    for issuer in ("sot-lab/", "SOT-LAB", "sot", "sot-lab:service", "*"):
        assert opens(alice, forge.with_claims(token, iss=issuer)) == "invalid_token", issuer


def test_the_audience_is_this_approach_alone_or_among_others(alice: Visitor, forge: Forge) -> None:
    """SECURITY 3: RFC 7519 §4.1.3 allows a string, or a list of strings."""
    token, ours = alice.access, claims_of(alice.access)["aud"]
    assert opens(alice, forge.with_claims(token, aud=[ours])) == "alice"
    assert opens(alice, forge.with_claims(token, aud=["elsewhere", ours])) == "alice"
    for bad in ("elsewhere", ["elsewhere"], ours[:-1], f"{ours}s", [ours, 7], [[ours]], {ours: 1}):
        assert opens(alice, forge.with_claims(token, aud=bad)) == "invalid_token"


@pytest.mark.parametrize(("mine", "other"), [("token", "hybrid"), ("hybrid", "token")])
def test_a_token_of_one_approach_fails_at_the_other(visitor: MakeVisitor, mine: str, other: str) -> None:
    """SECURITY 3: at /hybrid a token of /token could not be denied."""
    alice, elsewhere = visitor(mine).login("alice"), visitor(other)
    assert opens(elsewhere, alice.access) == "invalid_token"
    assert refreshes(elsewhere, alice.refresh_token) == "refresh_invalid"
    assert refreshes(alice, alice.refresh_token) == "refreshed"


@pytest.mark.parametrize("longer_s", [1, 10_000, -100_000])
def test_a_lifetime_is_capped_whoever_signed_it(
    alice: Visitor, forge: Forge, config: Config, clock: Clock, longer_s: int
) -> None:
    """SECURITY 3: at what any setting allows, for the setting may have been another one."""
    iat, longest = int(clock.now), DAY_S
    assert opens(alice, forge.with_claims(alice.access, iat=iat, exp=iat + longest)) == "alice"
    assert opens(alice, forge.with_claims(alice.access, iat=iat, exp=iat + longest + longer_s)) == "invalid_token"


def test_only_an_access_token_opens_a_page(alice: Visitor, forge: Forge) -> None:
    """SECURITY 5."""
    token = alice.access
    for typ in ("rt+jwt", "JWT", "jwt", "AT+JWT", "At+jwt", "application/at+jwt", "at+jwt ", "", None, ["at+jwt"]):
        assert opens(alice, forge.with_header(token, typ=typ)) == "invalid_token", typ


def test_only_a_refresh_token_refreshes(alice: Visitor, forge: Forge) -> None:
    """SECURITY 5."""
    token = alice.refresh_token
    for typ in ("at+jwt", "JWT", "RT+JWT", "application/rt+jwt", "", None, ["rt+jwt"]):
        assert refreshes(alice, forge.with_header(token, typ=typ)) == "refresh_invalid", typ


@each_token
def test_neither_token_passes_for_the_other(visitor: MakeVisitor, approach: str) -> None:
    """SECURITY 5."""
    alice = visitor(approach).login("alice")
    access, refresh = alice.access, alice.refresh_token
    assert refreshes(alice, access) == "refresh_invalid"
    assert opens(alice, refresh) == "invalid_token"
    assert refreshes(alice, refresh) == "refreshed"


@each_token
def test_an_access_token_is_over_at_the_exact_second(visitor: MakeVisitor, clock: Clock, approach: str) -> None:
    """SECURITY 6."""
    alice = visitor(approach).login("alice")
    expires_at = claims_of(alice.access)["exp"]
    clock.now = expires_at - 0.001
    assert opens(alice, alice.access) == "alice"
    clock.now = expires_at
    assert opens(alice, alice.access) == "expired_token"


def test_a_refresh_token_is_over_at_the_exact_second(visitor: MakeVisitor, clock: Clock) -> None:
    """SECURITY 6."""
    alice = visitor("token").login("alice", access_ttl_s=5, refresh_ttl_s=8)
    clock.now = claims_of(alice.refresh_token)["exp"]
    assert refreshes(alice, alice.refresh_token) == "refresh_expired"
    clock.now -= 0.001
    assert refreshes(alice, alice.refresh_token) == "refreshed"


def test_a_token_from_the_future_is_refused_but_for_a_small_skew(alice: Visitor, forge: Forge, clock: Clock) -> None:
    """SECURITY 6: nodes' clocks may differ by the documented skew, which is at most a minute."""
    assert CLOCK_SKEW_S <= 60

    def issued_in(seconds: int) -> str:
        iat = int(clock.now) + seconds
        return opens(alice, forge.with_claims(alice.access, iat=iat, exp=iat + 60))

    assert [issued_in(s) for s in (0, CLOCK_SKEW_S)] == ["alice", "alice"]
    assert {issued_in(s) for s in (CLOCK_SKEW_S + 1, 3600, 10**9)} == {"invalid_token"}


def test_a_member_that_was_never_ours_cannot_refresh(visitor: MakeVisitor, forge: Forge) -> None:
    """SECURITY 3: a made-up id finds no family, whoever signed it."""
    alice = visitor("token").login("alice")
    assert refreshes(alice, forge.with_claims(alice.refresh_token, jti="0" * 64)) == "refresh_invalid"


def test_the_database_decides_where_a_refresh_token_belongs_and_when_it_is_over(
    visitor: MakeVisitor, forge: Forge, config: Config, clock: Clock
) -> None:
    """SECURITY 3, 12: even for one that says otherwise and is signed with the real key."""
    alice, hybrid = visitor("token").login("alice"), visitor("hybrid").login("bob")
    elsewhere = forge.with_claims(alice.refresh_token, aud=claims_of(hybrid.refresh_token)["aud"])
    assert refreshes(hybrid, elsewhere) == "refresh_invalid"
    genuine = alice.refresh_token
    clock.advance(config.refresh_absolute_s)
    now = int(clock.now)
    prolonged = forge.with_claims(genuine, iat=now, exp=now + config.refresh_ttl_s)
    assert refreshes(alice, prolonged) == "refresh_invalid"


@each_token
def test_a_lab_login_may_ask_for_shorter_lifetimes(visitor: MakeVisitor, clock: Clock, approach: str) -> None:
    alice = visitor(approach).login("alice", access_ttl_s=5, refresh_ttl_s=8)
    access, refresh = claims_of(alice.access), claims_of(alice.refresh_token)
    assert (access["exp"] - access["iat"], refresh["exp"] - refresh["iat"]) == (5, 8)
    clock.advance(3)
    assert alice.refresh().get_json()["expires_in"] == 5
    access, refresh = claims_of(alice.access), claims_of(alice.refresh_token)
    assert (access["exp"] - access["iat"], refresh["exp"] - refresh["iat"]) == (5, 8)


@pytest.mark.parametrize("field", ["access_ttl_s", "refresh_ttl_s"])
def test_a_lab_login_may_not_ask_for_longer_or_odd_lifetimes(visitor: MakeVisitor, field: str) -> None:
    for value in (0, -1, 10**9, "soon", 1.5, True, [5]):
        refused = visitor("token").try_login("alice", **{field: value})
        assert (refused.status_code, refused.get_json()["code"]) == (400, "bad_request")
        assert field in refused.get_json()["detail"]


def test_outside_the_lab_nobody_chooses_a_lifetime(make_app: MakeApp, config: Config) -> None:
    app = make_app(lab=False)
    add_member(app, "dana", "all her own words")
    dana = Visitor(app, "token").login("dana", "all her own words", access_ttl_s=5, refresh_ttl_s=10**9)
    access, refresh = claims_of(dana.access), claims_of(dana.refresh_token)
    assert access["exp"] - access["iat"] == config.access_ttl_s
    assert refresh["exp"] - refresh["iat"] == config.refresh_ttl_s
