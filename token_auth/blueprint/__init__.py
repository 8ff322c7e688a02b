"""Two approaches of the service that use tokens. They differ only in whether an access token can be revoked.

`/token` never looks an access token up, `/hybrid` reads a denylist on every request.

Besides the core's public names the lab uses: `TokenCredential` and the methods that a subclass may override
(`credential.py`), the four cases of two tokens in cookies (`guard.py`), the store's tables, rows and transactions
(`stores.py`), all error classes (`problems.py`), and the ring that `flask keys` changes
(`key_commands.py`).
"""

from collections.abc import Callable

from flask import Blueprint, Response, g, jsonify

from service.accounts.database import Database
from service.accounts.login import PasswordLogin
from service.approach import Approach
from service.approaches import ApproachFacts
from service.config import Config
from token_auth.blueprint.credential import MemberCredential
from token_auth.blueprint.guard import Cookies, TokenBlueprintGuard
from token_auth.blueprint.key_ring import open_key_ring
from token_auth.blueprint.routes import TokenRoutes
from token_auth.blueprint.stores import REFRESH_TABLES, LabDenylist, MemberRefreshTokens, NoDenylist, RedisDenylist
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
    """An approach that issues tokens. `denylist` is read before an access token is accepted."""

    def __init__(
        self,
        facts: ApproachFacts,
        key_ring: KeyRing,
        database: Database,
        denylist: LabDenylist,
        password_login: PasswordLogin,
        config: Config,
        now: Clock,
    ) -> None:
        name = facts.name
        store = MemberRefreshTokens(database, name)
        self.credential = MemberCredential(store, key_ring, denylist, password_login.members, config, now)
        cookies = Cookies.of(name, config)
        views = TokenRoutes(name, self.credential, password_login, config.lab, cookies)
        guard = TokenBlueprintGuard(name, self.credential, cookies)
        own_guard = TokenBlueprintGuard(name, self.credential, cookies, any_role=True)
        super().__init__(
            facts,
            views,
            guard,
            guard.identify,
            self.credential.member_changed,
            own_guard,
            public_posts={"/refresh": views.refresh},
            before_request=_expect_bearer,
            after_request=views.carry,
        )


def _expect_bearer() -> None:
    """Add the `WWW-Authenticate: Bearer` challenge to refusals (RFC 6750 §3)."""
    g.bearer_realm = True


def jwks_blueprint(key_ring: KeyRing) -> Blueprint:
    """Return the blueprint that publishes the public keys, for services that verify our tokens (RFC 7517 §5)."""
    well_known = Blueprint("well_known", __name__)

    @well_known.get("/.well-known/jwks.json")
    def jwks() -> Response:
        """Return the public keys. An HMAC secret has no public part."""
        key_ring.signing_key()  # creates the first key if no token was signed yet
        return jsonify(key_ring.current().jwks())

    return well_known
