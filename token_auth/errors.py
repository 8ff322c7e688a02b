"""What can go wrong, each with an HTTP status, a stable code and a message in English.

    TokenError
    ├── NoCredentials              401  no_credentials       (no access token)
    ├── UserRefused                401  invalid_credentials  (this user may not be logged in)
    ├── BearerError                401                       (RFC 6750 §3.1: error="invalid_token")
    │   ├── InvalidToken                invalid_token
    │   │   └── LoginEnded                                   (genuine, but its login is over)
    │   ├── ExpiredToken                expired_token
    │   │   └── BothExpired                                  (and so has the refresh token beside it)
    │   ├── RefreshInvalid              refresh_invalid
    │   │   ├── RefreshEnded                                 (genuine, but no live login has it)
    │   │   └── RefreshOfAnotherLogin                        (than the access token beside it)
    │   ├── RefreshExpired              refresh_expired
    │   └── RefreshReused               refresh_reused
    ├── RoleTooLow                 403  forbidden
    ├── RefreshesTooFast           429  rate_limited
    └── StoreUnavailable           503  store_unavailable    (the database does not answer)

Absent or bad (401), forbidden (403) and broken (503) are never confused. No message repeats what a client sent.
`BadKeyRing` and `UnknownKey` are for the operator of the keys, and no request meets them.
"""


class TokenError(Exception):
    """An expected refusal. `retry_after_s`: when it is worth trying again, in seconds.

    `over`: the tokens that came open nothing any more, for sure, and a client may drop them.
    """

    status = 500
    code = "internal_error"
    message = "Something went wrong."
    bearer_error: str | None = None  # RFC 6750 §3.1
    retry_after_s: int | None = None
    over = False

    def __str__(self) -> str:
        return self.message


class NoCredentials(TokenError):
    status = 401
    code = "no_credentials"
    message = "Not logged in."


class UserRefused(TokenError):
    status = 401
    code = "invalid_credentials"
    message = "This user may not be logged in."


class BearerError(TokenError):
    """401: a token that opens nothing here."""

    status = 401
    bearer_error = "invalid_token"


class InvalidToken(BearerError):
    code = "invalid_token"
    message = "This access token is not valid."


class LoginEnded(InvalidToken):
    message = "The login of this access token has ended."
    over = True


class ExpiredToken(BearerError):
    code = "expired_token"
    message = "This access token has expired."


class BothExpired(ExpiredToken):
    message = "Both tokens have expired."
    over = True


class RefreshInvalid(BearerError):
    code = "refresh_invalid"
    message = "This refresh token is not valid."


class RefreshEnded(RefreshInvalid):
    message = "The login of this refresh token has ended."
    over = True


class RefreshOfAnotherLogin(RefreshInvalid):
    """401: and that login may be live."""

    message = "This refresh token is of another login than the access token."


class RefreshExpired(BearerError):
    code = "refresh_expired"
    message = "This refresh token has expired."


class RefreshReused(BearerError):
    code = "refresh_reused"
    message = "This refresh token was used before, so its login was ended."
    over = True


class RoleTooLow(TokenError):
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
    """503: the database does not answer. Never a 401: no user was refused."""

    status = 503
    code = "store_unavailable"
    message = "The database of the logins does not answer. Nothing was changed; try again in a moment."
    retry_after_s = 1


class BadKeyRing(Exception):
    """A key ring file that cannot be used; `message` is one line and holds no key."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class UnknownKey(LookupError):
    """The ring has no such key."""
