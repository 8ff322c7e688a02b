"""What can go wrong, each with an HTTP status, a stable code and a message in English.

    SessionError
    ├── NoCredentials              401  no_credentials       (no cookie)
    ├── InvalidSession             401  invalid_session      (unknown, ended or expired)
    ├── CookieSentTwice            400  bad_request
    ├── RoleTooLow                 403  forbidden
    ├── ForeignOrigin              403  forbidden            (another site's page sends the request)
    └── StoreUnavailable           503  store_unavailable    (it does not answer)
        ├── StoreIsReplica
        ├── StoreRefuses
        │   └── WrongKind                                    (a key holds something of another type)
        ├── WritesPaused
        │   └── StoreFull
        └── TooManyWriters

Absent or bad (401), forbidden (403) and broken (503) are never confused. No message repeats what a client sent.
"""


class SessionError(Exception):
    """An expected refusal. `retry_after_s`: when it is worth trying again, in seconds."""

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
    """400: whose login this is must not depend on the order in which a browser sends two cookies of one name."""

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
    """503: the store does not answer. Never a 401: the login may well be there."""

    status = 503
    code = "store_unavailable"
    message = "The session store does not answer. Your login is not lost; try again in a moment."
    retry_after_s = 1


class StoreIsReplica(StoreUnavailable):
    """A replica may not have heard of a log-out, so not even its reads are trusted."""

    message = "The session store is a read-only copy now. Your login is not lost; try again in a moment."


class StoreRefuses(StoreUnavailable):
    message = "The session store refuses to work. Your login is not lost; try again in a moment."


class WrongKind(StoreRefuses):
    """The key holds something of another type than the command is for. Callers that know what that means catch it."""


class WritesPaused(StoreUnavailable):
    """The store takes no writes, and still knows all that it has acknowledged: what can do with a read, reads."""

    message = "The session store takes no writes. Those who are logged in stay so; log-ins and log-outs have to wait."


class StoreFull(WritesPaused):
    message = "The session store is full. Those who are logged in stay so; new log-ins have to wait."


class TooManyWriters(StoreUnavailable):
    message = "This session is being written by too many requests at once; try again in a moment."
