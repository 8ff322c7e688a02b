"""The service's token credential: adds members, shortened lifetimes, the trace, and a view of the stored rows."""

from collections.abc import Callable
from functools import partial
from time import time
from typing import Any

from service.accounts.login import NAME_OR_PASSWORD
from service.accounts.members import Member, MemberChange, Members
from service.approach import ListedLogin, StoredRecord
from service.config import Config
from service.errors import InvalidCredentials
from service.measurement import step
from token_auth.blueprint.key_ring import key_told
from token_auth.blueprint.problems import in_service_errors
from token_auth.blueprint.stores import LabDenylist, MemberRefreshTokens
from token_auth.claims import C, Expectation
from token_auth.credential import Lifetimes, Pair, TokenCredential
from token_auth.denylist import ENDED, Denial
from token_auth.guard import admit
from token_auth.key_ring import KeyRing
from token_auth.keys import Key
from token_auth.tables import Family, RefreshTokenRow


class MemberCredential(TokenCredential):
    """Token operations for members. Errors of the core are raised as the service's errors."""

    _store: MemberRefreshTokens
    _denylist: LabDenylist

    def __init__(
        self,
        store: MemberRefreshTokens,
        key_ring: KeyRing,
        denylist: LabDenylist,
        members: Members,
        config: Config,
        now: Callable[[], float] = time,
    ) -> None:
        self.lifetimes = Lifetimes(config.access_ttl_s, config.refresh_ttl_s, config.refresh_absolute_s)
        limits = self.lifetimes, config.refresh_grace_s, config.logins_per_member
        super().__init__(key_ring, store, config.issuer, members.role_of, denylist, *limits, now)
        self._members = members

    admit = in_service_errors(admit)
    renew = in_service_errors(TokenCredential.renew)
    revoke = in_service_errors(TokenCredential.revoke)

    def issue_for(self, member: Member, access_s: int, refresh_s: int) -> Pair:
        """Start a member's login and return its first two tokens.

        Raise `StoreUnavailable`, and then no login is left behind. Raise `InvalidCredentials` if the member was
        disabled or got another role or password while the password was being checked.
        """
        return self._issue(member.username, access_s, refresh_s, partial(self._role_unless_changed, member))

    def live_logins(self, username: str, first: int = 0, most: int = 50) -> list[ListedLogin]:
        """Return at most `most` of the member's live logins, newest first, after skipping the `first` newest."""
        found = self.list_logins(username, first, most)
        return [ListedLogin(login.login_id, login.created_at, login.expires_at) for login in found]

    def member_changed(self, change: MemberChange) -> None:
        """Apply a change of a member to the member's live logins, as far as this approach can."""
        if change.what == "role":
            self.set_role(change.username, change.role)
        else:
            self.end_all(change.username)

    def stored_records(self, token: str) -> list[StoredRecord]:
        """Return the stored rows of the login that this access or refresh token belongs to, live or ended.

        They contain hashes and times. No usable token can be made from them.
        """
        login_id = self._login_of(token)
        rows = None if login_id is None else self._store.rows(login_id)
        if login_id is None or rows is None:
            return []
        family, tokens = rows
        return [
            StoredRecord("database", f"login {login_id}", _fields_of_family(family)),
            *(StoredRecord("database", f"refresh token {kept.jti_hash}", _fields_of_token(kept)) for kept in tokens),
            *self._denials(login_id),
        ]

    # -- overrides

    def _owner(self, jti: str) -> tuple[str | None, str | None]:
        return self._store.owner_of(jti)

    def _claims(self, token: str, expected: Expectation[C], now: float) -> C | None:
        with step("verify", lambda: key_told(token, expected.typ, self._key_ring.current())):
            return super()._claims(token, expected, now)

    def _encode(self, key: Key, access: dict[str, Any], refresh: dict[str, Any]) -> tuple[str, str]:
        with step("verify", f"sign {key.alg} twice"):
            return super()._encode(key, access, refresh)

    def _role_unless_changed(self, member: Member, username: str) -> str:
        now = self._members.find_active(username)
        if now is None or (now.role, now.password_hash) != (member.role, member.password_hash):
            raise InvalidCredentials(NAME_OR_PASSWORD)
        return now.role

    def _denials(self, login_id: str) -> list[StoredRecord]:
        denial = self._denylist.find(login_id)
        if denial is None:
            return []
        return [StoredRecord("store", f"denied:{login_id}", _fields_of_denial(denial), self._denylist.ttl_s(login_id))]

    def _login_of(self, token: str) -> str | None:
        now = self._now()
        access = self._claims(token, self._access, now)
        if access is not None:
            return access.login_id
        refresh = self._claims(token, self._refresh, now)
        family = None if refresh is None else self._store.family_of(refresh.jti)
        return None if family is None else family.login_id


def _fields_of_family(family: Family) -> dict[str, Any]:
    ended = {} if family.revoked_at is None else {"revoked_at": family.revoked_at}
    return {"member_id": family.user_id, "created_at": family.created_at, "expires_at": family.expires_at, **ended}


def _fields_of_token(token: RefreshTokenRow) -> dict[str, Any]:
    used = {} if token.used_at is None else {"spent_at": token.used_at}
    return {"issued_at": token.issued_at, "expires_at": token.expires_at, **used}


def _fields_of_denial(denial: Denial) -> dict[str, Any]:
    return {"held_against": "ended" if denial == ENDED else f"role other than {denial.role}"}
