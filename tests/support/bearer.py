"""A client that carries both tokens on every request, by cookies or by headers, as the notes' second process does."""

from werkzeug.test import TestResponse

from service.web.cookies import PREFIX
from tests.support.visitor import Visitor

ACCESS_S, REFRESH_S = 60, 300


class Bearer:
    """A member who sends both tokens on every request, in cookies or in headers, and keeps what comes back."""

    def __init__(self, visitor: Visitor, carrier: str) -> None:
        self.visitor = visitor
        self.carrier = carrier
        self.access = ""
        self.refresh: str | None = ""

    def login(self, username: str = "alice", access_s: int = ACCESS_S, refresh_s: int = REFRESH_S) -> "Bearer":
        visitor = self.visitor.login(username, access_ttl_s=access_s, refresh_ttl_s=refresh_s)
        self.access, self.refresh = visitor.access or "", visitor.refresh_token
        visitor.access = visitor.refresh_token = None
        return self

    def get(self, page: str = "profile", trace: bool = False) -> TestResponse:
        response = self.send(self.access, self.refresh, page, trace)
        self.access = self.sent_back(response, "access") or self.access
        self.refresh = self.sent_back(response, "refresh") or self.refresh
        return response

    def send(self, access: str, refresh: str | None, page: str = "profile", trace: bool = False) -> TestResponse:
        headers = {"X-Lab-Trace": "1"} if trace else {}
        for name, value in (("access", access), ("refresh", refresh)):
            if value is not None and self.carrier == "cookie":
                self.visitor.set_cookie(name, value)
        if self.carrier == "header":
            headers |= {"Authorization": f"Bearer {access}"} | ({"X-Refresh-Token": refresh} if refresh else {})
        return self.visitor.get(page, headers=headers)

    def sent_back(self, response: TestResponse, name: str) -> str | None:
        """Return the token that a response attaches, the way this member sent theirs."""
        if self.carrier == "header":
            assert "Set-Cookie" not in response.headers
            return response.headers.get(f"X-{name.title()}-Token")
        assert not any(f"X-{kind}-Token" in response.headers for kind in ("Access", "Refresh"))
        cookies = dict(line.split(";")[0].split("=", 1) for line in response.headers.getlist("Set-Cookie"))
        return cookies.get(f"{PREFIX}{name}")

    def attached(self, response: TestResponse) -> bool:
        return bool(self.sent_back(response, "access") or self.sent_back(response, "refresh"))
