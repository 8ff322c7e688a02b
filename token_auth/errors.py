"""The errors of tokens. Each has an HTTP status, a stable code and an English message.

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

Absent or bad credentials (401), forbidden (403) and unavailable (503) stay distinct. No message repeats client input.
`BadKeyRing`, `UnknownKey` and `KeyInUse` are for the operator of the keys. No request raises them.
"""


class TokenError(Exception):
    """Base class of all errors of requests. `retry_after_s`: seconds after which the client may try again.

    `over`: the request's tokens will certainly never work again, so a client may delete them.
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
    """401: a token that gives no access."""

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
    """401: the two tokens are of different logins. The refresh token's login may be live."""

    message = "This refresh token and the access token belong to different logins."


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
    """429: too many refreshes per second. The client's current tokens stay valid."""

    status = 429
    code = "rate_limited"
    message = "This login refreshes too often."
    retry_after_s = 1


class StoreUnavailable(TokenError):
    """503: the database does not answer. Not 401: no user was refused."""

    status = 503
    code = "store_unavailable"
    message = "The database of the logins does not answer. Nothing was changed; try again in a moment."
    retry_after_s = 1


class BadKeyRing(Exception):
    """The key ring file cannot be used. `message` is one line and contains no key.

    It is `text` with its %(values)s filled in, so that a program can say it in another language.
    """

    def __init__(self, text: str, **values: object) -> None:
        self.text = text
        self.values = values
        self.message = text % values
        super().__init__(self.message)


class UnknownKey(LookupError):
    """The key ring has no such key."""


class KeyInUse(Exception):
    """Tokens of this key may still be valid, so it cannot be deleted. Revoking it refuses them."""
