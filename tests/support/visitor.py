"""A client that carries its credential as its approach wants it, so that a test can be written once for all."""

from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from service.approaches import BY_NAME
from service.web.cookies import cookie_name

PASSWORDS = {"alice": "wonderland", "bob": "builder", "carol": "classroom"}
APPROACHES = tuple(BY_NAME)
GUARDED = tuple(name for name, facts in BY_NAME.items() if facts.has_logins)
BY_SESSION = tuple(name for name, facts in BY_NAME.items() if facts.carrier == "cookie")
BY_TOKEN = tuple(name for name, facts in BY_NAME.items() if facts.carrier == "bearer")


def add_member(app: Flask, username: str, password: str) -> None:
    """Add a member whose password is not one that the lab says aloud."""
    added = app.test_cli_runner().invoke(args=["members", "add", username], input=f"{password}\n")
    assert added.exit_code == 0, added.output


def change_password(app: Flask, username: str, password: str) -> None:
    """Change a member's password, which ends their logins."""
    changed = app.test_cli_runner().invoke(args=["members", "set-password", username], input=f"{password}\n")
    assert changed.exit_code == 0, changed.output


class Visitor:
    """Somebody at one approach's door. Tokens go in `Authorization`, or in cookies with `transport="cookie"`."""

    def __init__(self, app: Flask, approach: str) -> None:
        self.approach = approach
        self.client = app.test_client()
        self.access: str | None = None
        self.refresh_token: str | None = None

    def login(self, username: str = "alice", password: str | None = None, **fields: Any) -> "Visitor":
        """Log in, and fail loudly if that does not work."""
        response = self.try_login(username, password, **fields)
        assert response.status_code == 200, response.get_data(as_text=True)
        return self

    def try_login(self, username: str = "alice", password: str | None = None, **fields: Any) -> TestResponse:
        body = {"username": username, "password": password or PASSWORDS.get(username, "load"), **fields}
        response = self.client.post(f"/{self.approach}/login", json=body)
        if response.status_code == 200:
            self._keep(response.get_json())
        return response

    def refresh(self, **kwargs: Any) -> TestResponse:
        """Exchange the refresh token; keep what comes back."""
        response = self.client.post(f"/{self.approach}/refresh", json={"refresh_token": self.refresh_token}, **kwargs)
        if response.status_code == 200:
            self._keep(response.get_json())
        return response

    def get(self, page: str, **kwargs: Any) -> TestResponse:
        return self.open("GET", page, **kwargs)

    def post(self, page: str, **kwargs: Any) -> TestResponse:
        return self.open("POST", page, **kwargs)

    def delete(self, page: str, **kwargs: Any) -> TestResponse:
        return self.open("DELETE", page, **kwargs)

    def open(self, method: str, page: str, headers: dict[str, str] | None = None, **kwargs: Any) -> TestResponse:
        """Send a request below this approach's prefix, with the credential."""
        bearer = {} if self.access is None else {"Authorization": f"Bearer {self.access}"}
        return self.client.open(
            f"/{self.approach}/{page}", method=method, headers={**bearer, **(headers or {})}, **kwargs
        )

    def together(self, page: str, method: str = "GET", **kwargs: Any) -> TestResponse:
        """Send both tokens in headers, as the notes' second process does; keep what comes back."""
        response = self.open(method, page, headers={"X-Refresh-Token": self.refresh_token or ""}, **kwargs)
        self.access = response.headers.get("X-Access-Token", self.access)
        self.refresh_token = response.headers.get("X-Refresh-Token", self.refresh_token)
        return response

    def who(self) -> str | None:
        """Return the name that the profile shows, or None if the door is shut."""
        response = self.get("profile")
        return response.get_json()["member"]["username"] if response.status_code == 200 else None

    def cookie(self, name: str) -> str | None:
        """Return the cookie `sid`, `access` or `refresh`, by its name without the prefix."""
        found = self.client.get_cookie(self._called(name), path=f"/{self.approach}")
        return None if found is None else found.value

    def set_cookie(self, name: str, value: str) -> None:
        self.client.set_cookie(self._called(name), value, path=f"/{self.approach}")

    def _called(self, name: str) -> str:
        return cookie_name(name, secure=self.client.application.config["SESSION_COOKIE_SECURE"])

    def _keep(self, body: dict[str, Any]) -> None:
        self.access = body.get("access_token", self.access)
        self.refresh_token = body.get("refresh_token", self.refresh_token)
