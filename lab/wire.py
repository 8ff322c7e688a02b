"""`X-Lab-Wire`: the request and the response as the server received and sent them, for the page that asked.

For teaching only, unsafe to copy: it gives HttpOnly cookies to scripts. In a lab this exposes only demo members; with
`LAB=0` it does not exist.
"""

import json
import re
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

if TYPE_CHECKING:
    from _typeshed.wsgi import InputStream, WSGIEnvironment

Headers = list[tuple[str, str]]

# Headers that matter for a login. Other headers of the browser are left out.
TOLD = (
    "Host",
    "Cookie",
    "Authorization",
    "X-Refresh-Token",
    "Content-Type",
    "Accept",
    "Origin",
    "Sec-Fetch-Site",
    "X-Lab-Door",
)
UNTOLD_PATHS = ("/lab", "/walkthrough")  # the lab's own requests, some with the instructor code
MASKED = frozenset({"password", "code"})
MASKED_COOKIES = re.compile(r"(?<![^;\s])((?:__Secure-)?sot_instructor)=[^;]*")  # as secret as the instructor code
MASK = "****"
MAX_HEADER = 16 * 1024  # all response headers must fit into nginx's proxy_buffer_size of 32 kB
LIMITS = (4096, 1024, 256, 64)  # characters per value: the first limit is used with which everything fits


class RecordingInput:
    """A request body that is recorded while the application reads it."""

    def __init__(self, stream: "InputStream") -> None:
        self._stream = stream
        self.recorded = b""

    def read(self, size: int = -1, /) -> bytes:
        return self._keep(self._stream.read(size))

    def readline(self, size: int = -1, /) -> bytes:
        return self._keep(self._stream.readline(size))

    def readlines(self, hint: int = -1, /) -> list[bytes]:
        return [self._keep(line) for line in self._stream.readlines(hint)]

    def __iter__(self) -> Iterator[bytes]:
        return map(self._keep, self._stream)

    def _keep(self, data: bytes) -> bytes:
        self.recorded += data
        return data


def is_told(environ: "WSGIEnvironment") -> bool:
    """Return whether this request may be shown."""
    path = str(environ.get("PATH_INFO", ""))
    return not any(path == untold or path.startswith(f"{untold}/") for untold in UNTOLD_PATHS)


def lab_wire(environ: "WSGIEnvironment", body: bytes, status: str, headers: Headers) -> str:
    """Return both messages as base64url(JSON) without padding.

    `{"request": {"method", "path", "headers": [[name, value], …], "body"}, "response": {"status", "headers"}}`
    """
    for limit in LIMITS:
        told = _encoded(_exchange(environ, body, status, headers, limit))
        if len(told) <= MAX_HEADER:
            break
    return told


def _exchange(environ: "WSGIEnvironment", body: bytes, status: str, headers: Headers, limit: int) -> dict[str, Any]:
    path = environ.get("PATH_INFO", "") + (f"?{query}" if (query := environ.get("QUERY_STRING")) else "")
    sent = [(name, environ[key]) for name in TOLD if (key := _key(name)) in environ]
    sent = [(name, MASKED_COOKIES.sub(rf"\1={MASK}", value) if name == "Cookie" else value) for name, value in sent]
    return {
        "request": {
            "method": environ["REQUEST_METHOD"],
            "path": _shortened(path, limit),
            "headers": _pairs(sent, limit),
            "body": _shortened(_masked(body, environ.get("CONTENT_TYPE", "")), limit),
        },
        "response": {"status": status, "headers": _pairs(headers, limit)},
    }


def _encoded(exchange: dict[str, Any]) -> str:
    return urlsafe_b64encode(json.dumps(exchange, separators=(",", ":")).encode()).decode().rstrip("=")


def _key(name: str) -> str:
    key = name.upper().replace("-", "_")
    return key if key == "CONTENT_TYPE" else f"HTTP_{key}"


def _pairs(headers: Headers, limit: int) -> list[list[str]]:
    return [[name, _shortened(value, limit)] for name, value in headers]


def _shortened(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text)} characters)"


def _masked(body: bytes, content_type: str) -> str:
    """Return a body without passwords. A body that cannot be parsed is not shown, because it may contain one."""
    text = body.decode(errors="replace")
    if content_type.startswith("application/x-www-form-urlencoded"):
        return urlencode([(name, MASK if name in MASKED else value) for name, value in parse_qsl(text)], safe=MASK)
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(fields, dict):
        return ""
    return json.dumps({k: MASK if k in MASKED else v for k, v in fields.items()}, ensure_ascii=False)
