"""Server-side sessions: the cookie holds an opaque session id, the store holds the record.

    sessions = Sessions(RedisSessions("redis://localhost", prefix="app:"))
    sessions.init_app(app)
    sessions.log_in(user.id, user.role)      # in the view that has checked the password
    @sessions.required(role="admin")         # below @app.route(…)

These files (`*.py` and `store_client/`) need Flask, redis and msgspec. They import nothing else of this project.
`blueprint/` adds the service's routes. `contract.py` is the test suite to copy along.
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
