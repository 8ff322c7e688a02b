"""What can go wrong, as a tree of errors with a status and a stable code each.

    TokenError
    ├── CredentialError            401  who are you?
    │   ├── NoCredentials               no_credentials
    │   ├── UserRefused                 invalid_credentials   (this user may not be logged in)
    │   └── BearerError                 (RFC 6750 §3.1: error="invalid_token")
    │       ├── InvalidToken            invalid_token
    │       │   └── LoginEnded              invalid_token     (genuine, but its login is over)
    │       ├── ExpiredToken            expired_token
    │       ├── RefreshInvalid          refresh_invalid
    │       ├── RefreshExpired          refresh_expired
    │       └── RefreshReused           refresh_reused
    ├── AmbiguousCredentials       400  bad_request           (a token sent in two places)
    ├── RoleTooLow                 403  forbidden
    ├── RefreshesTooFast           429  rate_limited          (Retry-After)
    └── StoreUnavailable           503  store_unavailable     (Retry-After)

Absent or bad (401), forbidden (403) and broken (503) are never confused. `BadKeyRing` and `UnknownKey` are for the
operator of the keys, and no request sees them.
"""


class TokenError(Exception):
    """An expected refusal. Its text is for a developer.

    `spent`: these tokens open nothing any more, and a client that still has them drops them.
    """

    status = 500
    code = "internal_error"
    message = "Something went wrong."
    bearer_error: str | None = None  # RFC 6750 §3.1
    retry_after_s: int | None = None

    def __init__(self, spent: bool = False) -> None:
        super().__init__(self.message)
        self.spent = spent


class CredentialError(TokenError):
    """401: the request does not prove who sends it."""

    status = 401


class NoCredentials(CredentialError):
    code = "no_credentials"
    message = "No access token was sent."


class UserRefused(CredentialError):
    """401: the user may not be logged in (any more)."""

    code = "invalid_credentials"
    message = "This user may not log in."


class BearerError(CredentialError):
    """401: a token that does not open this door."""

    bearer_error = "invalid_token"


class InvalidToken(BearerError):
    code = "invalid_token"
    message = "This access token is not valid."


class LoginEnded(InvalidToken):
    """401: a genuine token of a login that has ended."""

    message = "The login of this access token has ended."


class ExpiredToken(BearerError):
    code = "expired_token"
    message = "This access token has expired."


class RefreshInvalid(BearerError):
    code = "refresh_invalid"
    message = "This refresh token is not valid."


class RefreshExpired(BearerError):
    code = "refresh_expired"
    message = "This refresh token has expired."


class RefreshReused(BearerError):
    code = "refresh_reused"
    message = "This refresh token was used before, so its login was ended."


class AmbiguousCredentials(TokenError):
    """400: a client must not send a token in more than one place (RFC 6750 §2)."""

    status = 400
    code = "bad_request"
    message = "A token was sent in two places."
    bearer_error = "invalid_request"


class RoleTooLow(TokenError):
    """403: known, and not allowed."""

    status = 403
    code = "forbidden"
    message = "Your role does not open this page."
    bearer_error = "insufficient_scope"


class RefreshesTooFast(TokenError):
    """429: no client needs so many new tokens; the ones it has are still good."""

    status = 429
    code = "rate_limited"
    message = "This login refreshes too often."
    retry_after_s = 1


class StoreUnavailable(TokenError):
    """503: what the answer depends on does not answer. Never a 401: no user was refused."""

    status = 503
    code = "store_unavailable"
    message = "The database of the refresh tokens does not answer. Nothing was changed."
    retry_after_s = 1


class BadKeyRing(Exception):
    """A key ring file that cannot be used; `message` is one line and holds no key."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class UnknownKey(LookupError):
    """The ring has no such key."""
