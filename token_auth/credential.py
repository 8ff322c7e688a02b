"""Access and refresh tokens: issued, verified, renewed and revoked."""

import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from time import time
from typing import Any

from accounts.login import NAME_OR_PASSWORD
from accounts.members import Change, Member
from approach import Holding, LiveLogin
from config import DAY_S, YEAR_S
from errors import (
    InvalidCredentials,
    InvalidToken,
    LoginEnded,
    RefreshesTooFast,
    RefreshInvalid,
    RefreshOfAnotherLogin,
    RefreshReused,
    StoreUnavailable,
)
from measurement import step
from token_auth.claims import ACCESS, REFRESH, Claims, Expectation, Malformed, decode, encode, has_expired
from token_auth.denylist import ENDED, Denylist
from token_auth.key_ring import KeyRing
from token_auth.store import (
    AnotherLogin,
    Ended,
    Exchange,
    Family,
    MemberChanged,
    MemberDisabled,
    RefreshTokens,
    Reused,
    TooFast,
    Unknown,
)
from token_auth.store import RefreshToken as RefreshRow

log = logging.getLogger(__name__)

DENY_MARGIN_S = 60  # a denial outlives the last token that it is for


@dataclass(frozen=True)
class Lifetimes:
    """Seconds that an access token, a refresh token, and all of a login's refresh tokens together live."""

    access_s: int
    refresh_s: int
    absolute_s: int


@dataclass(frozen=True)
class Tokens:
    """What a client is given, and the role that the access token claims."""

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


@dataclass(frozen=True)
class AccessToken:
    """A genuine access token. An expired one opens nothing, and still says whose it was.

    `role_is_old`: the member has another role now. Such a token opens what the login's own end needs, and no page.
    """

    member_id: str
    role: str
    login_id: str
    expired: bool
    role_is_old: bool = False


@dataclass(frozen=True)
class RefreshToken:
    """A genuine refresh token; whether its login is live, only the member database knows."""

    jti: str
    expired: bool


class TokenCredential:
    """Issue, verify, renew and revoke tokens of one approach."""

    def __init__(
        self,
        approach: str,
        issuer: str,
        key_ring: KeyRing,
        tokens: RefreshTokens,
        denylist: Denylist,
        lifetimes: Lifetimes,
        now: Callable[[], float] = time,
    ) -> None:
        self._approach = approach
        self._key_ring = key_ring
        self._tokens = tokens
        self._denylist = denylist
        self._lifetimes = lifetimes
        self._now = now
        # An audience each: a token of /token never passes at /hybrid, where it could not be denied.
        audience = f"{issuer}/{approach}"
        # As long as any setting allows: a token lives as long as it says, also when a node starts with another setting.
        self._access = Expectation(ACCESS, issuer, audience, DAY_S)
        self._refresh = Expectation(REFRESH, issuer, audience, YEAR_S)

    # -- issue, verify, renew, revoke

    def issue(self, member: Member, access_s: int, refresh_s: int) -> Tokens:
        """Start a login and return its first two tokens.

        Raise `StoreUnavailable` with nothing half-done, and `InvalidCredentials` if the member was disabled, given
        another role or another password while the password was being checked.
        """
        now = self._now()
        family = Family(
            login_id=secrets.token_urlsafe(16),
            approach=self._approach,
            member_id=member.username,
            seed=secrets.token_hex(32),
            access_ttl_s=access_s,
            refresh_ttl_s=refresh_s,
            created_at=now,
            expires_at=now + self._lifetimes.absolute_s,
            revoked_at=None,
        )
        jti, expires_at = secrets.token_hex(32), now + refresh_s
        try:
            made_room = self._tokens.create(member, family, jti, expires_at)
        except MemberChanged:
            raise InvalidCredentials(NAME_OR_PASSWORD) from None
        try:
            for oldest in made_room:
                self._deny(oldest.login_id, oldest.access_ttl_s)
        except StoreUnavailable:
            self._tokens.end_login(member.username, family.login_id, now)
            raise
        return self._sign(Exchange(family, member.role, jti, now, expires_at), now)

    def read(self, token: str) -> AccessToken:
        """Return what a genuine access token says, expired or not, ended or not. Raise `InvalidToken`."""
        now = self._now()
        claims = self._claims(token, self._access, now)
        if claims is None:
            raise InvalidToken()
        return AccessToken(claims["sub"], claims["role"], claims["login_id"], has_expired(claims, now))

    def verify(self, token: str) -> AccessToken:
        """Return what a genuine access token says, expired or not. No database or store is asked on `/token`.

        Raise `InvalidToken` for one that is not ours, `LoginEnded` for one whose login is denied, and
        `StoreUnavailable` if the denylist cannot be read.
        """
        access = self.read(token)
        held_against = self._denylist.find(access.login_id)
        if held_against == ENDED:
            raise LoginEnded()
        return access if held_against in (None, access.role) else replace(access, role_is_old=True)

    def verify_refresh(self, token: str) -> RefreshToken:
        """Return what a genuine refresh token says, expired or not. Raise `RefreshInvalid`."""
        now = self._now()
        claims = self._claims(token, self._refresh, now)
        if claims is None:
            raise RefreshInvalid()
        return RefreshToken(claims["jti"], has_expired(claims, now))

    def renew(self, refresh: RefreshToken, login_id: str | None) -> Tokens:
        """Exchange a refresh token for new tokens; with `login_id`, only if it belongs to that login.

        Whether an expired one may be exchanged is for the caller to know (the third of the four cases).
        Raise `RefreshInvalid`, or `RefreshReused` once the family is revoked.
        """
        now = self._now()
        try:
            exchange = self._tokens.exchange(refresh.jti, login_id, now, self._lifetimes.refresh_s)
        except Ended as ended:  # perhaps while the denylist did not answer: deny it once more
            self._deny(ended.login_id, ended.access_ttl_s)
            raise RefreshInvalid() from None
        except AnotherLogin:
            raise RefreshOfAnotherLogin() from None
        except Unknown:
            raise RefreshInvalid() from None
        except TooFast:
            raise RefreshesTooFast() from None
        except MemberDisabled as disabled:
            self.end_all(str(disabled))
            raise RefreshInvalid() from None
        except Reused as reused:
            log.warning("a spent refresh token came back: login %s is ended (%s)", reused, self._approach)
            self._deny(reused.login_id, reused.access_ttl_s)
            raise RefreshReused() from None
        return self._sign(exchange, now)

    def revoke(self, member_id: str, login_id: str) -> None:
        """End a login: its refresh tokens at once, its access tokens where there is a denylist.

        One that has ended is denied once more, perhaps the denylist did not answer then.
        """
        family = self._tokens.end_login(member_id, login_id, self._now())
        self._deny(login_id, DAY_S if family is None else family.access_ttl_s)

    def revoke_by(self, refresh: RefreshToken, besides: str | None = None) -> None:
        """End the login that this refresh token belongs to, whatever became of the token, unless it is `besides`."""
        family = self._tokens.family_of(refresh.jti)
        if family is not None and family.login_id != besides:
            self.revoke(family.member_id, family.login_id)

    # -- a member's logins

    def list_logins(self, member_id: str, first: int = 0, most: int = 50) -> list[LiveLogin]:
        """Return at most `most` of the member's live logins, newest first, the `first` newest ones left out."""
        families = self._tokens.list_logins(member_id, self._now(), first, most)
        return [LiveLogin(family.login_id, family.created_at, family.expires_at) for family in families]

    def end_login(self, member_id: str, login_id: str) -> bool:
        """End one login; tell whether it was live."""
        now = self._now()
        for family in self._tokens.find_live(member_id, now):
            if family.login_id == login_id:
                self._deny(login_id, family.access_ttl_s)  # first: without the store it is still there to be ended
                self._tokens.end_login(member_id, login_id, now)
                return True
        return False

    def end_all(self, member_id: str) -> None:
        """End all of the member's logins.

        What ended before is denied once more: if the store did not answer then, it is only a matter of trying again.
        """
        now = self._now()
        for family in self._tokens.end_all(member_id, now):
            if now < (family.revoked_at or now) + family.access_ttl_s:
                self._deny(family.login_id, family.access_ttl_s)

    def member_changed(self, change: Change) -> None:
        """Carry a change of a member to their live logins, as far as this approach can reach them."""
        if change.what != "role":
            self.end_all(change.username)
            return
        for family in self._tokens.find_live(change.username, self._now()):
            self._denylist.require_role(family.login_id, change.role, family.access_ttl_s + DENY_MARGIN_S)

    def holdings(self, token: str) -> list[Holding]:
        """Return what is kept for the login that this access or refresh token belongs to, ended or not.

        Hashes and times: nothing from which a usable token could be made.
        """
        login_id = self._login_of(token)
        rows = None if login_id is None else self._tokens.rows(login_id)
        if login_id is None or rows is None:
            return []
        family, tokens = rows
        entry = self._denylist.find(login_id)
        denied = {"held_against": "ended" if entry == ENDED else f"role other than {entry}"}
        denial = [] if entry is None else [Holding("store", f"denied:{login_id}", denied)]
        return [
            Holding("database", f"login {login_id}", _times_of(family)),
            *(Holding("database", f"refresh token {kept.jti_hash}", _spending_of(kept)) for kept in tokens),
            *denial,
        ]

    # -- the steps they share

    def _login_of(self, token: str) -> str | None:
        now = self._now()
        access = self._claims(token, self._access, now)
        if access is not None:
            return str(access["login_id"])
        refresh = self._claims(token, self._refresh, now)
        family = None if refresh is None else self._tokens.family_of(refresh["jti"])
        return None if family is None else family.login_id

    def _claims(self, token: str, expected: Expectation, now: float) -> Claims | None:
        with step("verify", f"{expected.typ} signature and claims"):
            try:
                return decode(token, self._key_ring, expected, now)
            except Malformed:
                return None

    def _sign(self, exchange: Exchange, now: float) -> Tokens:
        family, key = exchange.family, self._key_ring.signing_key()
        access_s = min(family.access_ttl_s, self._lifetimes.access_s)  # the setting may be another one by now
        times = _times(now, min(now + access_s, family.expires_at))  # nothing outlives its login
        access = {
            **times,
            "iss": self._access.issuer,
            "aud": self._access.audience,
            "sub": family.member_id,
            "jti": secrets.token_urlsafe(16),
            "role": exchange.role,
            "login_id": family.login_id,
        }
        refresh = {
            **_times(exchange.issued_at, exchange.expires_at),
            "iss": self._refresh.issuer,
            "aud": self._refresh.audience,
            "jti": exchange.jti,
        }
        with step("verify", f"sign {key.alg} twice"):
            return Tokens(
                encode(key, ACCESS, access),
                encode(key, REFRESH, refresh),
                times["exp"] - times["iat"],
                exchange.role,
            )

    def _deny(self, login_id: str, access_ttl_s: int) -> None:
        self._denylist.deny(login_id, access_ttl_s + DENY_MARGIN_S)


def _times_of(family: Family) -> dict[str, Any]:
    ended = {} if family.revoked_at is None else {"revoked_at": family.revoked_at}
    return {"member_id": family.member_id, "created_at": family.created_at, "expires_at": family.expires_at, **ended}


def _spending_of(token: RefreshRow) -> dict[str, Any]:
    spent = {} if token.spent_at is None else {"spent_at": token.spent_at}
    return {"issued_at": token.issued_at, "expires_at": token.expires_at, **spent}


def _times(issued_at: float, expires_at: float) -> dict[str, int]:
    return {"iat": int(issued_at), "exp": int(expires_at)}
