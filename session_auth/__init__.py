"""Logins kept on the server: an opaque id in a cookie, and the record that it finds.

    sessions = Sessions(RedisSessions("redis://localhost", prefix="app:"))
    sessions.init_app(app)
    sessions.log_in(user.id, user.role)      # in the view that has checked the password
    @sessions.required(role="admin")         # below @app.route(…)

These files (`*.py` and `store_client/`) need Flask, redis and msgspec, and import nothing else of the project.
`blueprint/` is what the lab adds. `contract.py` is the test that travels with a copy.
"""

from .credential import Login
from .errors import (
    CookieSentTwice,
    ForeignOrigin,
    InvalidSession,
    NoCredentials,
    RoleTooLow,
    SessionError,
    StoreUnavailable,
)
from .sessions import Sessions
from .store import RedisSessions, SessionStore

__all__ = [
    "CookieSentTwice",
    "ForeignOrigin",
    "InvalidSession",
    "Login",
    "NoCredentials",
    "RedisSessions",
    "RoleTooLow",
    "SessionError",
    "SessionStore",
    "Sessions",
    "StoreUnavailable",
]
