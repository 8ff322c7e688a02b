"""The errors of sessions. Each has an HTTP status, a stable code and an English message.

    SessionError
    ├── NoCredentials              401  no_credentials       (no cookie)
    ├── InvalidSession             401  invalid_session      (unknown, ended or expired)
    ├── CookieSentTwice            400  bad_request
    ├── RoleTooLow                 403  forbidden
    ├── ForeignOrigin              403  forbidden            (another site's page sends the request)
    └── StoreUnavailable           503  store_unavailable    (it does not answer)
        ├── StoreIsReplica
        ├── StoreRefuses
        │   └── WrongKind                                    (a key holds a value of another type)
        ├── WritesPaused
        │   └── StoreFull
        └── TooManyWriters

Absent or bad credentials (401), forbidden (403) and unavailable (503) stay distinct. No message repeats client input.
"""


class SessionError(Exception):
    """Base class of all errors here. `retry_after_s`: seconds after which the client may try again."""

    status = 500
    code = "internal_error"
    message = "Something went wrong."
    retry_after_s: int | None = None

    def __str__(self) -> str:
        return self.message


class NoCredentials(SessionError):
    status = 401
    code = "no_credentials"
    message = "Not logged in."


class InvalidSession(SessionError):
    status = 401
    code = "invalid_session"
    message = "This session is not known, or has ended."


class CookieSentTwice(SessionError):
    """400: two cookies of one name. Their order, which the browser chooses, must not decide whose login it is."""

    status = 400
    code = "bad_request"
    message = "The session cookie came more than once. Delete the cookies of this domain, and log in again."


class RoleTooLow(SessionError):
    status = 403
    code = "forbidden"
    message = "Your role does not open this page."


class ForeignOrigin(SessionError):
    status = 403
    code = "forbidden"
    message = "This request comes from another site's page."


class StoreUnavailable(SessionError):
    """503: the store does not answer. Not 401: the login may still exist."""

    status = 503
    code = "store_unavailable"
    message = "The session store does not answer. Your login is not lost; try again in a moment."
    retry_after_s = 1


class StoreIsReplica(StoreUnavailable):
    """The server is a replica. It may lack the latest log-out, so its reads are not trusted either."""

    message = "The session store is a read-only copy now. Your login is not lost; try again in a moment."


class StoreRefuses(StoreUnavailable):
    message = "The session store refuses commands. Your login is not lost; try again in a moment."


class WrongKind(StoreRefuses):
    """The key holds a value of another type than the command needs. Callers that expect this catch it."""


class WritesPaused(StoreUnavailable):
    """The store takes no writes, but its data is complete: operations that only need a read continue."""

    message = "The session store takes no writes. Members stay logged in; log-ins and log-outs have to wait."


class StoreFull(WritesPaused):
    message = "The session store is full. Members stay logged in; new log-ins have to wait."


class TooManyWriters(StoreUnavailable):
    message = "This session is being written by too many requests at once; try again in a moment."
