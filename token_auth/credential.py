"""Access and refresh tokens: issued, verified, renewed and revoked. Knows no request and no response."""

import logging
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from time import time
from typing import Any, NamedTuple

from .claims import NO_TEXT, AccessClaims, C, Expectation, Malformed, RefreshClaims, decode, encode, has_expired
from .denylist import ENDED, Denylist
from .errors import (
    InvalidToken,
    LoginEnded,
    NoCredentials,
    RefreshEnded,
    RefreshesTooFast,
    RefreshExpired,
    RefreshInvalid,
    RefreshOfAnotherLogin,
    RefreshReused,
    UserRefused,
)
from .key_ring import KeyRing
from .keys import ACCESS, DAY_S, REFRESH, YEAR_S, Key
from .store import AnotherLogin, Ended, Exchange, Family, RefreshTokens, Reused, TooFast, Unknown

log = logging.getLogger(__name__)

LONGEST_ROLE = 64  # characters
DENY_MARGIN_S = 60  # a denial outlives the last token that it is for

RoleOf = Callable[[str], str | None]  # the role that a user has now; None: this user may not be logged in (any more)


@dataclass(frozen=True, slots=True)
class Login:
    """Whose request this is, the role that the user has, and which of the user's logins it is."""

    user_id: str
    role: str
    login_id: str


@dataclass(frozen=True)
class LiveLogin:
    """One of a user's logins: when it began and when it ends at the latest, in seconds since the epoch."""

    login_id: str
    created_at: float
    expires_at: float


@dataclass(frozen=True)
class Pair:
    """What a client is given: two tokens, the seconds for which the access token lives, and the role it claims."""

    access: str
    refresh: str
    expires_in: int
    role: str

    def view(self) -> dict[str, str | int]:
        """Return the token response (RFC 6749 §5.1)."""
        return {
            "access_token": self.access,
            "refresh_token": self.refresh,
            "token_type": "Bearer",
            "expires_in": self.expires_in,
        }


class AccessToken(NamedTuple):
    """A genuine access token. An expired one opens nothing, and still says whose it was.

    `role_is_old`: the user has another role now. Such a token opens what the login's own end needs, and no page.
    """

    login: Login
    expired: bool
    role_is_old: bool = False


@dataclass(frozen=True)
class RefreshToken:
    """A genuine refresh token; whether its login is live, only the database knows."""

    jti: str
    expired: bool


@dataclass(frozen=True)
class Lifetimes:
    """Seconds that an access token, a refresh token, and all of a login's refresh tokens together live."""

    access_s: int
    refresh_s: int
    absolute_s: int

    def __post_init__(self) -> None:
        """Raise `ValueError` for what `claims.py` would refuse: an access token lives a day at most, others a year."""
        for name, value, longest_s in (
            ("access_s", self.access_s, DAY_S),
            ("refresh_s", self.refresh_s, YEAR_S),
            ("absolute_s", self.absolute_s, YEAR_S),
        ):
            if not (isinstance(value, int) and 1 <= value <= longest_s):
                raise ValueError(f"{name} takes 1 to {longest_s} whole seconds")


class TokenCredential:
    """Issue, verify, renew and revoke tokens of one kind of login.

    `role_of`: see `Tokens`. What it and the denylist raise reaches the caller, as `StoreUnavailable` does.
    """

    def __init__(
        self,
        key_ring: KeyRing,
        store: RefreshTokens,
        issuer: str,
        role_of: RoleOf,
        denylist: Denylist,
        lifetimes: Lifetimes,
        grace_s: float = 10,
        most_logins: int = 50,
        now: Callable[[], float] = time,
    ) -> None:
        if not isinstance(issuer, str) or not issuer:
            raise ValueError("issuer takes a text that is not empty")
        self._key_ring = key_ring
        self._store = store
        self._role_of = role_of
        self._denylist = denylist
        self._lifetimes = lifetimes
        self._grace_s = grace_s
        self._most_logins = most_logins
        self._now = now
        # An audience each: a token of one kind of login never passes as another's, where it could not be denied.
        # The name alone, for the issuer stands beside it in every token, and both have to be ours.
        audience = store.name
        # As long as any setting allows: a token lives as long as it says, also when a process starts with another one.
        self._access = Expectation(ACCESS, AccessClaims, issuer, audience, DAY_S)
        self._refresh = Expectation(REFRESH, RefreshClaims, issuer, audience, YEAR_S)

    # -- the hot path: one authenticated read

    def verify(self, token: str) -> AccessToken:
        """Return what a genuine access token says, expired or not. Only a denylist is asked, if there is one.

        Raise `InvalidToken` for one that is not ours, and `LoginEnded` for one whose login is denied.
        """
        access = self.read(token)
        held_against = self._denylist.find(access.login.login_id)
        if held_against == ENDED:
            raise LoginEnded()
        return access if held_against in (None, access.login.role) else access._replace(role_is_old=True)

    def read(self, token: str) -> AccessToken:
        """Return what a genuine access token says, expired or not, ended or not. Raise `InvalidToken`."""
        now = self._now()
        claims = self._claims(token, self._access, now)
        if claims is None:
            raise InvalidToken()
        return AccessToken(Login(claims.sub, claims.role, claims.login_id), has_expired(claims, now))

    def verify_refresh(self, token: str) -> RefreshToken:
        """Return what a genuine refresh token says, expired or not. Raise `RefreshInvalid`."""
        now = self._now()
        claims = self._claims(token, self._refresh, now)
        if claims is None:
            raise RefreshInvalid()
        return RefreshToken(claims.jti, has_expired(claims, now))

    # -- issue, renew, revoke

    def issue(self, user_id: str) -> Pair:
        """Start a login and return its first two tokens; raise with nothing half-done.

        A user's oldest login ends if there are too many. Raise `UserRefused` if `role_of` knows no role.
        """
        return self._issue(user_id, self._lifetimes.access_s, self._lifetimes.refresh_s, self._role_of)

    def renew(self, refresh: str, access: str | None = None) -> Pair:
        """Exchange a refresh token for new tokens. An access token that comes along has to be of the same login.

        Raise `InvalidToken`, `RefreshExpired`, or what `exchange` does.
        """
        login_id = None if access is None else self.read(access).login.login_id
        found = self.verify_refresh(refresh)
        if found.expired:
            raise RefreshExpired()
        return self.exchange(found, login_id)

    def exchange(self, refresh: RefreshToken, login_id: str | None) -> Pair:
        """Exchange a refresh token for new tokens; with `login_id`, only if it belongs to that login.

        Whether an expired one may be exchanged is for the caller to know (the third of the four cases). The role is
        read first, outside the transaction: if it cannot be read, nothing has happened.
        Raise `RefreshInvalid`, `RefreshesTooFast`, or `RefreshReused` once the login is ended for it.
        """
        now = self._now()
        user_id, role = self._owner(refresh.jti)
        if user_id is not None and role is None:
            self.end_all(user_id)
        if role is None:
            raise RefreshEnded()
        try:
            exchange = self._store.exchange(refresh.jti, login_id, now, self._grace_s, self._lifetimes.refresh_s)
        except Ended as ended:  # perhaps while the denylist did not answer: deny it once more
            self._deny(ended.login_id, ended.access_ttl_s)
            raise RefreshEnded() from None
        except AnotherLogin:
            raise RefreshOfAnotherLogin() from None
        except Unknown:
            raise RefreshEnded() from None
        except TooFast:
            raise RefreshesTooFast() from None
        except Reused as reused:
            log.warning("a used refresh token came back: login %s is ended (%s)", reused, self._store.name)
            self._deny(reused.login_id, reused.access_ttl_s)
            raise RefreshReused() from None
        return self._sign(exchange, role, now)

    def revoke(self, access: str | None = None, refresh: str | None = None) -> None:
        """End the logins that these tokens belong to, usually one: their refresh tokens at once, their access tokens
        where there is a denylist.

        Whatever proves whose login it is will do (RFC 7009): an access token, expired or of an earlier role, or a
        refresh token. One that has ended is denied once more, perhaps the denylist did not answer then.
        Raise `NoCredentials`, or `InvalidToken` or `RefreshInvalid` if one of them is not genuine.
        """
        if access is None and refresh is None:
            raise NoCredentials()
        proof = None if access is None else self.read(access).login
        other = None if refresh is None else self.verify_refresh(refresh)
        if proof is not None:
            self._revoke(proof.user_id, proof.login_id)
        family = None if other is None else self._store.family_of(other.jti)
        if family is not None and (proof is None or family.login_id != proof.login_id):
            self._revoke(family.user_id, family.login_id)

    # -- a user's logins

    def list_logins(self, user_id: str, first: int = 0, most: int = 50) -> list[LiveLogin]:
        """Return at most `most` of the user's live logins, newest first, the `first` newest ones left out."""
        families = self._store.list_logins(user_id, self._now(), first, most)
        return [LiveLogin(family.login_id, family.created_at, family.expires_at) for family in families]

    def end_login(self, user_id: str, login_id: str) -> bool:
        """End one login; tell whether it was live."""
        now = self._now()
        for family in self._store.find_live(user_id, now):
            if family.login_id == login_id:
                self._deny(login_id, family.access_ttl_s)  # first: if that fails it is still there to be ended
                self._store.end_login(user_id, login_id, now)
                return True
        return False

    def end_all(self, user_id: str) -> None:
        """End all of the user's logins.

        What ended before is denied once more: if the denylist did not answer then, it is only a matter of trying again.
        """
        now = self._now()
        for family in self._store.end_all(user_id, now):
            if now < (family.revoked_at or now) + family.access_ttl_s:
                self._deny(family.login_id, family.access_ttl_s)

    def set_role(self, user_id: str, role: str) -> None:
        """Tell the user's live logins of another role: with a denylist at once, else from the next refresh on."""
        for family in self._store.find_live(user_id, self._now()):
            self._denylist.require_role(family.login_id, role, family.access_ttl_s + DENY_MARGIN_S)

    # -- the steps they share

    def _issue(self, user_id: str, access_s: int, refresh_s: int, role_of: RoleOf) -> Pair:
        """Start a login.

        `role_of` is asked once the login is there: a change that comes earlier is seen, one that comes later finds the
        login and ends it. Where it knows no role, or raises, the login is taken back.
        """
        now = self._now()
        family = Family(
            login_id=secrets.token_urlsafe(16),
            name=self._store.name,
            user_id=user_id,
            seed=secrets.token_hex(32),
            access_ttl_s=access_s,
            refresh_ttl_s=refresh_s,
            created_at=now,
            expires_at=now + self._lifetimes.absolute_s,
            revoked_at=None,
        )
        jti, expires_at = secrets.token_hex(32), now + refresh_s
        made_room = self._store.create(family, jti, expires_at, self._most_logins)
        try:
            for oldest in made_room:
                self._deny(oldest.login_id, oldest.access_ttl_s)
            role = _checked(role_of(user_id))
            if role is None:
                raise UserRefused()
            return self._sign(Exchange(family, jti, now, expires_at), role, now)
        except BaseException:
            with suppress(Exception):  # then it is a login of which no client has a token
                self._store.take_back(family.login_id)
            raise

    def _revoke(self, user_id: str, login_id: str) -> None:
        family = self._store.end_login(user_id, login_id, self._now())
        self._deny(login_id, DAY_S if family is None else family.access_ttl_s)

    def _owner(self, jti: str) -> tuple[str | None, str | None]:
        """Return whose refresh token this is, and the role that the user has now."""
        user_id = self._store.user_of(jti)
        return user_id, None if user_id is None else _checked(self._role_of(user_id))

    def _claims(self, token: str, expected: Expectation[C], now: float) -> C | None:
        try:
            return decode(token, self._key_ring, expected, now)
        except Malformed:
            return None

    def _sign(self, exchange: Exchange, role: str, now: float) -> Pair:
        family, key = exchange.family, self._key_ring.signing_key()
        access_s = min(family.access_ttl_s, self._lifetimes.access_s)  # the setting may be another one by now
        times = _times(now, min(now + access_s, family.expires_at))  # nothing outlives its login
        access = {
            **times,
            "iss": self._access.issuer,
            "aud": self._access.audience,
            "sub": family.user_id,
            "jti": secrets.token_urlsafe(16),
            "role": role,
            "login_id": family.login_id,
        }
        refresh = {
            **_times(exchange.issued_at, exchange.expires_at),
            "iss": self._refresh.issuer,
            "aud": self._refresh.audience,
            "jti": exchange.jti,
        }
        return Pair(*self._encode(key, access, refresh), times["exp"] - times["iat"], role)

    def _encode(self, key: Key, access: dict[str, Any], refresh: dict[str, Any]) -> tuple[str, str]:
        return encode(key, ACCESS, access), encode(key, REFRESH, refresh)

    def _deny(self, login_id: str, access_ttl_s: int) -> None:
        self._denylist.deny(login_id, access_ttl_s + DENY_MARGIN_S)


def _checked(role: str | None) -> str | None:
    """Return the role. Raise `ValueError` for one with which the next request would be refused."""
    if role is None:
        return None
    if not isinstance(role, str) or not 1 <= len(role) <= LONGEST_ROLE or NO_TEXT.search(role):
        raise ValueError(f"role_of returns a role of 1 to {LONGEST_ROLE} characters, or None")
    return role


def _times(issued_at: float, expires_at: float) -> dict[str, int]:
    return {"iat": int(issued_at), "exp": int(expires_at)}
