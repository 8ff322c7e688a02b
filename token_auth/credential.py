"""Issue, verify, renew and revoke access and refresh tokens. Independent of requests and responses."""

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
from .store import AnotherLogin, Ended, Exchange, RefreshTokens, Reused, TooFast, Unknown
from .tables import Family

log = logging.getLogger(__name__)

LONGEST_ROLE = 64  # characters
DENY_MARGIN_S = 60  # a denylist entry outlives the last token that it refuses

RoleOf = Callable[[str], str | None]  # user id → current role; None: this user may not be logged in (any more)


@dataclass(frozen=True, slots=True)
class Login:
    """Who sends a request: the user, the user's role, and the login's id."""

    user_id: str
    role: str
    login_id: str


@dataclass(frozen=True)
class LiveLogin:
    """One of a user's logins: when it began, and its latest end (seconds since the epoch)."""

    login_id: str
    created_at: float
    expires_at: float


@dataclass(frozen=True)
class Pair:
    """A token response: two tokens, the access token's lifetime in seconds, and its role."""

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
    """A genuine access token. An expired one gives no access, but proves whose login it was.

    `role_is_old`: the user has another role now. Such a token can end its login, but opens no page.
    """

    login: Login
    expired: bool
    role_is_old: bool = False


@dataclass(frozen=True)
class RefreshToken:
    """A genuine refresh token. Whether its login is live is recorded only in the database."""

    jti: str
    expired: bool


@dataclass(frozen=True)
class Lifetimes:
    """Lifetimes in seconds: of an access token, of a refresh token, and of a whole login."""

    access_s: int
    refresh_s: int
    absolute_s: int

    def __post_init__(self) -> None:
        """Raise `ValueError` for a lifetime that `claims.py` would refuse: over a day (access token) or a year."""
        for name, value, longest_s in (
            ("access_s", self.access_s, DAY_S),
            ("refresh_s", self.refresh_s, YEAR_S),
            ("absolute_s", self.absolute_s, YEAR_S),
        ):
            if not (isinstance(value, int) and 1 <= value <= longest_s):
                raise ValueError(f"{name} must be 1 to {longest_s} whole seconds")


class TokenCredential:
    """Issue, verify, renew and revoke tokens of one kind of login.

    `role_of`: see `Tokens`. Its exceptions and the denylist's reach the caller, as `StoreUnavailable` does.
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
            raise ValueError("issuer must be a non-empty string")
        self._key_ring = key_ring
        self._store = store
        self._role_of = role_of
        self._denylist = denylist
        self._lifetimes = lifetimes
        self._grace_s = grace_s
        self._most_logins = most_logins
        self._now = now
        # Each kind of login has its own audience, so that no other kind accepts its tokens, where the denylist does
        # not apply. The name is enough, because every token is checked for issuer and audience.
        audience = store.name
        # The longest that any setting allows: tokens stay valid when a process starts with shorter lifetimes.
        self._access = Expectation(ACCESS, AccessClaims, issuer, audience, DAY_S)
        self._refresh = Expectation(REFRESH, RefreshClaims, issuer, audience, YEAR_S)

    # -- the hot path: an authenticated read

    def verify(self, token: str) -> AccessToken:
        """Verify an access token, expired or not, and return it. The only look-up is in the denylist, if there is one.

        Raise `InvalidToken` if it is not genuine, and `LoginEnded` if its login is denied.
        """
        access = self.read(token)
        denial = self._denylist.find(access.login.login_id)
        if denial is None:
            return access
        if denial == ENDED:
            raise LoginEnded()
        return access if denial.role == access.login.role else access._replace(role_is_old=True)

    def read(self, token: str) -> AccessToken:
        """Verify an access token without the denylist, expired or not. Raise `InvalidToken` if it is not genuine."""
        now = self._now()
        claims = self._claims(token, self._access, now)
        if claims is None:
            raise InvalidToken()
        return AccessToken(Login(claims.sub, claims.role, claims.login_id), has_expired(claims, now))

    def verify_refresh(self, token: str) -> RefreshToken:
        """Verify a refresh token's signature and claims, expired or not. Raise `RefreshInvalid`."""
        now = self._now()
        claims = self._claims(token, self._refresh, now)
        if claims is None:
            raise RefreshInvalid()
        return RefreshToken(claims.jti, has_expired(claims, now))

    # -- issue, renew, revoke

    def issue(self, user_id: str) -> Pair:
        """Start a login and return its first two tokens. If it raises, no login is left behind.

        A user's oldest login ends if there are more than `most_logins`. Raise `UserRefused` if `role_of` returns None.
        """
        return self._issue(user_id, self._lifetimes.access_s, self._lifetimes.refresh_s, self._role_of)

    def renew(self, refresh: str, access: str | None = None) -> Pair:
        """Exchange a refresh token for new tokens. An access token, if given, must belong to the same login.

        Raise `InvalidToken`, `RefreshExpired`, or what `exchange` raises.
        """
        login_id = None if access is None else self.read(access).login.login_id
        found = self.verify_refresh(refresh)
        if found.expired:
            raise RefreshExpired()
        return self.exchange(found, login_id)

    def exchange(self, refresh: RefreshToken, login_id: str | None) -> Pair:
        """Exchange a refresh token for new tokens. With `login_id`, only if it belongs to that login.

        The caller checks expiry: in the third of the four cases an expired one may be exchanged. The role is read
        first, outside the transaction: if that fails, nothing has changed.
        Raise `RefreshInvalid`, `RefreshesTooFast`, or `RefreshReused` after the reuse has ended the login.
        """
        now = self._now()
        user_id, role = self._owner(refresh.jti)
        if user_id is not None and role is None:  # the user is gone or disabled
            self.end_all(user_id)
        if role is None:
            raise RefreshEnded()
        try:
            exchange = self._store.exchange(refresh.jti, login_id, now, self._grace_s, self._lifetimes.refresh_s)
        except Ended as ended:  # deny again: the denylist may have failed then
            self._deny(ended.login_id, ended.access_ttl_s)
            raise RefreshEnded() from None
        except AnotherLogin:
            raise RefreshOfAnotherLogin() from None
        except Unknown:
            raise RefreshEnded() from None
        except TooFast:
            raise RefreshesTooFast() from None
        except Reused as reused:
            log.warning("refresh token reuse: login %s is ended (%s)", reused.login_id, self._store.name)
            self._deny(reused.login_id, reused.access_ttl_s)
            raise RefreshReused() from None
        return self._sign(exchange, role, now)

    def revoke(self, access: str | None = None, refresh: str | None = None) -> None:
        """End the logins of these tokens, usually one login. Access tokens end at once only with a denylist.

        Either token proves whose login it is (RFC 7009), also an access token that has expired or has an earlier role.
        An ended login is denied again, because the denylist may have failed before.
        Raise `NoCredentials`, or `InvalidToken` or `RefreshInvalid` if a token is not genuine.
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
        """Return at most `most` of the user's live logins, newest first, after skipping the `first` newest."""
        families = self._store.list_logins(user_id, self._now(), first, most)
        return [LiveLogin(family.login_id, family.created_at, family.expires_at) for family in families]

    def end_login(self, user_id: str, login_id: str) -> bool:
        """End one login. Return whether it was live."""
        now = self._now()
        for family in self._store.find_live(user_id, now):
            if family.login_id == login_id:
                self._deny(login_id, family.access_ttl_s)  # first: if it fails, the call can be repeated
                self._store.end_login(user_id, login_id, now)
                return True
        return False

    def end_all(self, user_id: str) -> None:
        """End all of the user's logins.

        Logins that ended before are denied again. So after a failure of the denylist the caller only has to repeat.
        """
        now = self._now()
        for family in self._store.end_all(user_id, now):
            if now < (family.revoked_at or now) + family.access_ttl_s:
                self._deny(family.login_id, family.access_ttl_s)

    def set_role(self, user_id: str, role: str) -> None:
        """Apply a new role to the user's live logins: at once with a denylist, else from the next refresh."""
        for family in self._store.find_live(user_id, self._now()):
            self._denylist.require_role(family.login_id, role, family.access_ttl_s + DENY_MARGIN_S)

    # -- shared steps

    def _issue(self, user_id: str, access_s: int, refresh_s: int, role_of: RoleOf) -> Pair:
        """Start a login.

        `role_of` is called after the login is stored: it returns an earlier change, and a later change finds the login
        and ends it. If it returns None or raises, the login is deleted.
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
            with suppress(Exception):  # no client has a token of this login
                self._store.take_back(family.login_id)
            raise

    def _revoke(self, user_id: str, login_id: str) -> None:
        family = self._store.end_login(user_id, login_id, self._now())
        self._deny(login_id, DAY_S if family is None else family.access_ttl_s)

    def _owner(self, jti: str) -> tuple[str | None, str | None]:
        """Return the owner of a refresh token, and the owner's current role."""
        user_id = self._store.user_of(jti)
        return user_id, None if user_id is None else _checked(self._role_of(user_id))

    def _claims(self, token: str, expected: Expectation[C], now: float) -> C | None:
        try:
            return decode(token, self._key_ring, expected, now)
        except Malformed:
            return None

    def _sign(self, exchange: Exchange, role: str, now: float) -> Pair:
        family, key = exchange.family, self._key_ring.signing_key()
        access_s = min(family.access_ttl_s, self._lifetimes.access_s)  # the setting may have changed since the log-in
        times = _times(now, min(now + access_s, family.expires_at))  # no token outlives its login
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
    """Return the role. Raise `ValueError` for a role that token verification would refuse."""
    if role is None:
        return None
    if not isinstance(role, str) or not 1 <= len(role) <= LONGEST_ROLE or NO_TEXT.search(role):
        raise ValueError(f"role_of must return a role of 1 to {LONGEST_ROLE} characters, or None")
    return role


def _times(issued_at: float, expires_at: float) -> dict[str, int]:
    return {"iat": int(issued_at), "exp": int(expires_at)}
