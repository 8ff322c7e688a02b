"""Token logins: the client holds a signed access token and a refresh token; the database holds the latter's hash.

    tokens = Tokens(KeyRing("keys.json"), RefreshTokens(engine), issuer="https://example.org", role_of=role_of)
    tokens.init_app(app)
    pair = tokens.log_in(user.id)            # in the view that has checked the password
    @tokens.required(role="admin")           # below @app.route(…)

These files (`*.py`) need Flask, msgspec, PyJWT with cryptography and SQLAlchemy. They import nothing else of this
project. `blueprint/` adds the service's routes. `contract.py` is the test suite to copy along.
"""

from .credential import LiveLogin, Login, Pair
from .denylist import ENDED, Denial, Denylist
from .errors import (
    BadKeyRing,
    BearerError,
    ExpiredToken,
    InvalidToken,
    KeyInUse,
    NoCredentials,
    RefreshesTooFast,
    RefreshExpired,
    RefreshInvalid,
    RefreshReused,
    RoleTooLow,
    StoreUnavailable,
    TokenError,
    UnknownKey,
    UserRefused,
)
from .key_ring import KeyRing
from .store import RefreshTokens
from .tokens import Tokens

__all__ = [
    "ENDED",
    "BadKeyRing",
    "BearerError",
    "Denial",
    "Denylist",
    "ExpiredToken",
    "InvalidToken",
    "KeyInUse",
    "KeyRing",
    "LiveLogin",
    "Login",
    "NoCredentials",
    "Pair",
    "RefreshExpired",
    "RefreshInvalid",
    "RefreshReused",
    "RefreshTokens",
    "RefreshesTooFast",
    "RoleTooLow",
    "StoreUnavailable",
    "TokenError",
    "Tokens",
    "UnknownKey",
    "UserRefused",
]
