"""The errors of requests, with stable codes, and their conversion into responses.

    ServiceError
    ├── CredentialError            401  who are you?
    │   ├── NoCredentials               no_credentials
    │   ├── InvalidCredentials          invalid_credentials   (name or password)
    │   ├── InvalidSession              invalid_session
    │   └── BearerError                 (RFC 6750 §3.1: error="invalid_token")
    │       ├── InvalidToken            invalid_token
    │       ├── ExpiredToken            expired_token
    │       ├── RefreshInvalid          refresh_invalid
    │       ├── RefreshExpired          refresh_expired
    │       └── RefreshReused           refresh_reused
    ├── AmbiguousCredentials       400  bad_request           (a credential sent in two places)
    ├── RoleTooLow                 403  forbidden
    ├── NotFound                   404  not_found
    ├── RateLimited                429  rate_limited          (Retry-After)
    │   └── RefreshesTooFast
    ├── StoreUnavailable           503  store_unavailable     (Retry-After)
    └── KeyRingUnusable            503  key_ring_unusable     (Retry-After)

A lab adds the errors of its controls (`lab/errors.py`). Werkzeug's errors have a code for their status: bad_request,
not_found … and 503 `busy`, if the node is working for another request.

Absent or bad credentials (401), forbidden (403) and unavailable (503) stay distinct.
"""

import logging

from flask import Flask, Response, g, jsonify, make_response, render_template
from flask_babel import LazyString, gettext, lazy_gettext
from werkzeug.exceptions import HTTPException, InternalServerError, ServiceUnavailable

from service.web.negotiation import wants_html

log = logging.getLogger(__name__)

REALM = "session-or-token"


class ServiceError(Exception):
    """Base class of the expected errors. `detail` says what happened, in the reader's language.

    `over`: the request's credential will certainly never work again, so the client may delete it.
    """

    status = 500
    code = "internal_error"
    title: LazyString | str = lazy_gettext("Something went wrong")
    bearer_error: str | None = None  # RFC 6750 §3.1
    retry_after_s: int | None = None
    over = False

    def __init__(self, detail: LazyString | str = "") -> None:
        super().__init__(str(self.code))
        self.detail = detail


class CredentialError(ServiceError):
    """401: the request does not prove who sends it."""

    status = 401


class NoCredentials(CredentialError):
    code = "no_credentials"
    title = lazy_gettext("Not logged in")


class InvalidCredentials(CredentialError):
    code = "invalid_credentials"
    title = lazy_gettext("Wrong name or password")


class InvalidSession(CredentialError):
    code = "invalid_session"
    title = lazy_gettext("This session is not known, or has ended")


class BearerError(CredentialError):
    """401: a token that gives no access."""

    bearer_error = "invalid_token"


class InvalidToken(BearerError):
    code = "invalid_token"
    title = lazy_gettext("This access token is not valid")


class ExpiredToken(BearerError):
    code = "expired_token"
    title = lazy_gettext("This access token has expired")


class RefreshInvalid(BearerError):
    code = "refresh_invalid"
    title = lazy_gettext("This refresh token is not valid")


class RefreshExpired(BearerError):
    code = "refresh_expired"
    title = lazy_gettext("This refresh token has expired")


class RefreshReused(BearerError):
    code = "refresh_reused"
    title = lazy_gettext("This refresh token was used before, so its login was ended")


class AmbiguousCredentials(ServiceError):
    """400: a client must not send a token in more than one place (RFC 6750 §2)."""

    status = 400
    code = "bad_request"
    title = lazy_gettext("A token was sent in two places")
    bearer_error = "invalid_request"


class RoleTooLow(ServiceError):
    """403: the member is logged in, but the role is not sufficient."""

    status = 403
    code = "forbidden"
    title = lazy_gettext("Your role does not open this page")
    bearer_error = "insufficient_scope"


class NotFound(ServiceError):
    status = 404
    code = "not_found"
    title = lazy_gettext("There is nothing here")


class RateLimited(ServiceError):
    status = 429
    code = "rate_limited"
    title = lazy_gettext("Too many failed attempts")

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(lazy_gettext("Try again in %(seconds)s seconds.", seconds=retry_after_s))
        self.retry_after_s = retry_after_s


class RefreshesTooFast(RateLimited):
    """429: too many refreshes per second. The client's current tokens stay valid."""

    title = lazy_gettext("This login refreshes too often")

    def __init__(self) -> None:
        super().__init__(retry_after_s=1)


class StoreUnavailable(ServiceError):
    """503: a store that the request needs does not answer. Not 401: no login was refused."""

    status = 503
    code = "store_unavailable"
    title = lazy_gettext("A store that this page depends on does not answer")
    retry_after_s = 1


class KeyRingUnusable(ServiceError):
    """503: the key ring's file cannot be used. The last good ring stays in use."""

    status = 503
    code = "key_ring_unusable"
    title = lazy_gettext("The key ring's file cannot be used")
    retry_after_s = 1


def register(app: Flask) -> None:
    """Turn every error of `app` into problem+json (RFC 9457) or an HTML page."""
    app.register_error_handler(ServiceError, _refusal)
    app.register_error_handler(HTTPException, _http_error)


def _refusal(error: ServiceError) -> Response:
    response = _problem(error.status, error.code, str(error.title), str(error.detail))
    if error.retry_after_s is not None:
        response.headers["Retry-After"] = str(error.retry_after_s)
    if g.get("bearer_realm") and error.status in (400, 401, 403):
        response.headers["WWW-Authenticate"] = _challenge(error)
    return response


def _challenge(error: ServiceError) -> str:
    """RFC 6750 §3: no `error` where the request lacked any authentication information."""
    challenge = f'Bearer realm="{REALM}"'
    if error.bearer_error is None:
        return challenge
    return f'{challenge}, error="{error.bearer_error}", error_description="{error.code}"'


HTTP_CODES = {
    400: "bad_request",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
    503: "busy",
}

HTTP_TITLES = {
    400: lazy_gettext("The request is malformed"),
    403: lazy_gettext("The request is refused"),
    404: lazy_gettext("There is nothing here"),
    405: lazy_gettext("This method is not allowed here"),
    413: lazy_gettext("The request is too large"),
    415: lazy_gettext("This content type is not supported here"),
    503: lazy_gettext("The server is busy"),
}

HTTP_DETAILS = {
    404: lazy_gettext("No page has this address."),
    405: lazy_gettext("This address does not support this method."),
    413: lazy_gettext("The request is larger than the lab accepts."),
}


def _http_error(error: HTTPException) -> Response:
    # Flask-Session runs outside Flask's error handling: its errors arrive here, wrapped as a 500.
    cause = error.original_exception if isinstance(error, InternalServerError) else None
    if isinstance(cause, ServiceError):
        return _refusal(cause)
    if error.response is not None:
        return make_response(error.response)
    status = error.code or 500
    if status >= 500 and status != ServiceUnavailable.code:  # 503 has its own text
        return _problem(500, "internal_error", gettext("Something went wrong"), gettext("The fault is ours."))
    title, detail = HTTP_TITLES.get(status, error.name), HTTP_DETAILS.get(status, error.description or "")
    response = _problem(status, HTTP_CODES.get(status, "bad_request"), str(title), str(detail))
    if isinstance(error.get_headers(), list):
        response.headers.extend((k, v) for k, v in error.get_headers() if k in ("Allow", "Retry-After"))
    return response


def _problem(status: int, code: str, title: str, detail: str) -> Response:
    problem = {"type": f"urn:session-or-token:problem:{code}", "title": title, "status": status, "code": code}
    if detail:
        problem["detail"] = detail
    if wants_html():
        return make_response(render_template("error.html", problem=problem), status)
    response = make_response(jsonify(problem), status)
    response.mimetype = "application/problem+json"
    return response
