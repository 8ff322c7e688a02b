"""Tokens as two approaches of the lab, which differ in one thing, whether an access token can be taken back.

`/token` never looks one up, `/hybrid` reads a denylist on every request.

What the lab needs of the core beyond its public face: `TokenCredential` and what its subclass may decide otherwise
(`credential.py`), the four cases of two tokens that come in cookies (`guard.py`), the store's tables, its rows and its
transactions (`stores.py`), all errors by their class (`problems.py`), and the ring that `flask keys` changes
(`key_commands.py`).
"""

from collections.abc import Callable

from flask import Blueprint, Response, g, jsonify

from service.accounts.database import Database
from service.accounts.login import PasswordLogin
from service.approach import Approach
from service.config import Config
from token_auth.blueprint.credential import LabCredential
from token_auth.blueprint.guard import Cookies, TokenBlueprintGuard
from token_auth.blueprint.key_ring import open_key_ring
from token_auth.blueprint.routes import TokenRoutes
from token_auth.blueprint.stores import REFRESH_TABLES, MemberRefreshTokens, RedisDenylist
from token_auth.denylist import Denylist, NoDenylist
from token_auth.key_ring import KeyRing

Clock = Callable[[], float]  # seconds since the epoch

__all__ = [
    "REFRESH_TABLES",
    "NoDenylist",
    "RedisDenylist",
    "TokenApproach",
    "jwks_blueprint",
    "open_key_ring",
]


class TokenApproach(Approach):
    """An approach that issues tokens; `denylist` is what it reads before it believes an access token."""

    def __init__(
        self,
        name: str,
        key_ring: KeyRing,
        database: Database,
        denylist: Denylist,
        password_login: PasswordLogin,
        config: Config,
        now: Clock,
    ) -> None:
        store = MemberRefreshTokens(database, name)
        self.credential = LabCredential(store, key_ring, denylist, password_login.members, config, now)
        cookies = Cookies.named(config.secure_cookies)
        views = TokenRoutes(name, self.credential, password_login, config.lab, cookies, config.secure_cookies)
        guard = TokenBlueprintGuard(name, self.credential, cookies)
        own_guard = TokenBlueprintGuard(name, self.credential, cookies, any_role=True)
        super().__init__(name, views, guard, guard.identify, self.credential.member_changed, own_guard)
        self.public.before_request(_expect_bearer)
        self.public.after_request(views.carry)
        self.public.add_url_rule("/refresh", view_func=views.refresh, methods=["POST"])


def _expect_bearer() -> None:
    """Let refusals say how to authenticate here (RFC 6750 §3)."""
    g.bearer_realm = True


def jwks_blueprint(key_ring: KeyRing) -> Blueprint:
    """Return the page that publishes the keys with which others verify our tokens (RFC 7517 §5)."""
    well_known = Blueprint("well_known", __name__)

    @well_known.get("/.well-known/jwks.json")
    def jwks() -> Response:
        """Show the public keys; of an HMAC secret there is nothing to show."""
        key_ring.signing_key()  # makes the first key, if no token was signed yet
        return jsonify(key_ring.current().jwks())

    return well_known
