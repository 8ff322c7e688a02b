"""Find the layer of running code: by the file of a stack frame."""

import linecache
import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from types import FrameType

from lab.cluster.process import ROOT

# From the outside in, in the order of a request: the key, and the English and Korean name.
LAYERS = {
    "framework": ("Flask, Werkzeug: request, routing, response", "Flask, Werkzeug: 요청, 라우팅, 응답"),
    "measurement": ("measurement/: trace, Server-Timing", "measurement/: 추적, Server-Timing"),
    "web": ("web/, errors, home: headers, cookies, origin, language", "web/, errors, home: 헤더, 쿠키, 출처, 언어"),
    "session": ("session_auth/: cookie, record, rules", "session_auth/: 쿠키, 레코드, 규칙"),
    "token": ("token_auth/: tokens, claims, rules", "token_auth/: 토큰, 클레임, 규칙"),
    "signature": ("PyJWT, cryptography", "PyJWT, cryptography"),
    "client": ("the store's client", "저장소 클라이언트"),
    "wait": ("sockets: system calls, waiting for the store", "소켓: 시스템 호출, 저장소 기다리기"),
    "page": ("pages/: the page itself", "pages/: 페이지"),
    "asked": ("Flask, Werkzeug, asked by the code above", "Flask, Werkzeug: 위의 코드가 부른 것"),
    "other": ("other libraries", "다른 라이브러리"),
}

# The first match of a path counts: our code by its folder, other code by its package.
_OWN = {
    "session_auth/store_client": "client",
    "session_auth/connection": "client",
    "service/store": "client",
    "session_auth": "session",
    "token_auth": "token",
    "service/measurement": "measurement",
    "lab/trace": "measurement",
    "lab/wire": "measurement",
    "service/pages": "page",
    "lab/open_access": "page",
    "bench/arms": "page",
    "bench": "caller",
    "": "web",
}
_PACKAGES = {
    "framework": ("flask", "werkzeug", "jinja2", "markupsafe", "click", "itsdangerous", "blinker"),
    "session": ("flask_session", "cachelib"),
    "signature": ("jwt", "cryptography"),
    "client": ("redis", "hiredis"),
    "other": ("",),
}
_SYSTEM_CALL = re.compile(r"\.(recv|recv_into|send|sendall|poll|select|can_read)\(")


def layer_of(frame: FrameType) -> str:
    """Return the layer of the innermost frame that has one. The standard library counts for its caller.

    Flask's code counts as "asked" if our code has called it: in a guard or a page, but not in a middleware.
    """
    known = [(each, layer) for each in _outwards(frame) if (layer := _layer(each)) is not None]
    innermost, layer = known[0] if known else (frame, "other")
    if layer == "client" and _waits(innermost):
        return "wait"
    if layer == "framework" and _is_asked([further for _, further in known]):
        return "asked"
    return "framework" if layer == "caller" else layer  # the caller takes the role of a server


def _is_asked(outwards: Sequence[str]) -> bool:
    """Return whether other code lies between two parts of the framework on the stack."""
    within = next(place for place, layer in enumerate([*outwards, "caller"]) if layer != "framework")
    return "framework" in outwards[within:]


def _layer(frame: FrameType) -> str | None:
    if frame.f_code.co_qualname == "Flask.__call__":  # it calls the middlewares, which is a server's role
        return "caller"
    return _of_file(frame.f_code.co_filename)


def _waits(frame: FrameType) -> bool:
    line = linecache.getline(frame.f_code.co_filename, frame.f_lineno or 0)  # a backward jump may have no line
    return _SYSTEM_CALL.search(line) is not None


def _outwards(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


@cache
def _of_file(name: str) -> str | None:
    path = Path(name)
    if "site-packages" in path.parts:
        package = path.parts[path.parts.index("site-packages") + 1]
        return next(layer for layer, names in _PACKAGES.items() if package in names or "" in names)
    if path.is_relative_to(ROOT):
        place = str(path.relative_to(ROOT))
        return next(layer for start, layer in _OWN.items() if place.startswith(start))
    return None
