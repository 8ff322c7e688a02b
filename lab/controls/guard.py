"""Access check of the lab's controls.

Reading the state needs a Host header with one of our own names. A site whose name resolves to this machine (DNS
rebinding) has the same origin as we do, but its requests still have its name. Using a control also needs a browser on
this machine, or the instructor code.
"""

import hashlib
import hmac
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Any
from urllib.parse import urlsplit

from flask import Request, request
from flask_babel import gettext
from werkzeug.exceptions import Forbidden, UnsupportedMediaType

from lab.controls.guesses import Guesses
from lab.errors import CodeNeeded, ForeignHost, WrongCode
from service.config import Config
from service.web.cookies import Cookie, credential_cookie, single_cookie
from service.web.host import LOOPBACK_NAMES, host_name, is_address, name_in
from service.web.origin import SAFE_METHODS, refuse_cross_origin

HEADER = "X-Instructor-Code"
SHARED_FILE = "instructor"  # beside the control socket


@dataclass(frozen=True)
class Guard:
    """Checks a request, and raises an error to refuse it."""

    public_origin: str | None
    code: str | None
    proxies: int
    guesses: Guesses
    cookie: Cookie

    @classmethod
    def of(cls, config: Config) -> "Guard":
        """Return the guard for these settings."""
        socket = config.control_socket
        guesses = Guesses(socket and socket.with_name(SHARED_FILE))
        cookie = credential_cookie("instructor", "/lab", config.secure_cookies, "Strict")
        return cls(config.public_origin, config.instructor_code, config.trusted_proxies, guesses, cookie)

    def __call__(self) -> None:
        """Check the Host header of every request, and that an unsafe request comes from our own page or from no page.

        A browser sends the origin of an unsafe request, and another site's form cannot send JSON.
        """
        self._refuse_foreign_host()
        if request.path.startswith("/lab/") and request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site"):
            raise Forbidden(gettext("This request comes from another site's page."))  # it could send, but not read
        if request.method in SAFE_METHODS:
            return
        refuse_cross_origin()
        if "Sec-Fetch-Site" in request.headers and "Origin" not in request.headers:
            raise Forbidden(gettext("This request comes from another site's page."))
        if request.mimetype not in ("", "application/json"):
            raise UnsupportedMediaType(gettext("The controls accept only application/json."))

    def admit(self) -> None:
        """Raise `CodeNeeded`, `WrongCode` or `RateLimited` unless this request may use a control."""
        if self.may_press():
            return
        if self.code is None:
            raise CodeNeeded(gettext("Only a browser on the lab's own machine may use its controls."))
        shown = request.headers.get(HEADER)
        if shown is not None:
            self._check(shown, self.code)
        elif self.cookie.name in request.cookies:
            raise WrongCode()
        else:
            raise CodeNeeded(gettext("The terminal that started the lab shows the instructor code."))

    def enter(self, code: str) -> str:
        """Check the code and return a proof for a cookie. Raise `CodeNeeded`, `WrongCode` or `RateLimited`."""
        if self.code is None:
            raise CodeNeeded(gettext("This lab was started without a code."))
        self._check(code, self.code)
        return self._proof(self.code)

    def may_press(self) -> bool:
        """Return whether this request comes from this machine, or has the proof that its browser was given.

        The proof is a random key and cannot be derived from the code. So a wrong proof is not counted as a guess, and
        the right one works even when the limit of guesses is reached.
        """
        return self.is_local() or self._brings_proof()

    def is_local(self) -> bool:
        """Return whether the client is on this machine, by its address and the host name that it used.

        A lab with a public origin has a proxy in front, and so has one whose `TRUSTED_PROXIES` counts more than the
        lab's balancer: then all clients seem local. A client that bypasses a proxy can claim any address. So the
        address is trusted only from the lab's balancer, which connects by a socket file and sends the real one.
        """
        named = host_name(request) in LOOPBACK_NAMES and self.public_origin is None
        balancers = 1 if _came_by_socket_file(request) else 0
        direct = self.proxies == balancers and _proxies_named(request) <= balancers
        return named and direct and _is_loopback(request.remote_addr)

    def _check(self, given: str, code: str) -> None:
        self.guesses.judge(hmac.compare_digest(_spoken(given), _spoken(code)), request.remote_addr or "")

    def _brings_proof(self) -> bool:
        if self.code is None or not request.cookies.get(self.cookie.name):
            return False
        brought = single_cookie(self.cookie.name) or ""
        return hmac.compare_digest(brought.encode(), self._proof(self.code).encode())

    def _proof(self, code: str) -> str:
        return hmac.new(self.guesses.secret(), code.encode(), hashlib.sha256).hexdigest()

    def _refuse_foreign_host(self) -> None:
        name = host_name(request)
        public = urlsplit(self.public_origin).netloc if self.public_origin else ""
        ours = name in LOOPBACK_NAMES or (bool(public) and name == name_in(public))
        # No other site can own an IP address, so it is safe as a Host. A classroom needs it.
        if not ours and not (self.code is not None and is_address(name)):
            raise ForeignHost()


def _spoken(code: str) -> bytes:
    """Normalize a code that was read aloud and typed on a phone."""
    return code.strip().upper().encode()


def _is_loopback(address: str | None) -> bool:
    try:
        ip = ip_address(address or "")
    except ValueError:
        return False
    mapped = ip.ipv4_mapped if isinstance(ip, IPv6Address) else None
    return (mapped or ip).is_loopback


def _came_by_socket_file(of: Request) -> bool:
    """Return whether the peer has no IP address. `ProxyFix` keeps the original value."""
    before: dict[str, Any] = of.environ.get("werkzeug.proxy_fix.orig", {})
    return before.get("REMOTE_ADDR") == ""


def _proxies_named(of: Request) -> int:
    return sum(len(line.split(",")) for line in of.headers.getlist("X-Forwarded-For"))
