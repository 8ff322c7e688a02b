"""The interface of an approach, which is the same for all of them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from flask import Blueprint, Flask, Response, g, jsonify, redirect, url_for
from flask_babel import gettext

from service.accounts.identity import Identity
from service.accounts.members import MemberChange
from service.errors import LabError, NotFound
from service.web.fields import whole_number_arg
from service.web.negotiation import done, page

PAGE = 50
MOST_PAGES = 20_000


class Views(Protocol):
    """The routes that every approach has."""

    def login_form(self) -> Response: ...
    def login(self) -> Response: ...
    def logout(self) -> Response: ...
    def logins(self) -> Response: ...
    def end_login(self, login_id: str) -> Response: ...
    def end_all(self) -> Response: ...


def _ignore_change(_change: MemberChange) -> None:
    """For an approach without live logins."""


class Approach:
    """A way to stay logged in, mounted at `/<name>`.

    `public` has the routes that need no guard. Log-out is one: each approach checks itself whose login it is.
    `protected` has the pages behind the guard, `own` a member's own logins, behind `own_guard` if there is one.
    `identify` returns who sends a request, as the guard does, but renews nothing. `member_changed` applies a change of
    a member to the member's live logins.
    """

    def __init__(
        self,
        name: str,
        views: Views,
        guard: Callable[[], None],
        identify: Callable[[], Identity],
        member_changed: Callable[[MemberChange], None] = _ignore_change,
        own_guard: Callable[[], None] | None = None,
    ) -> None:
        self.name = name
        self.member_changed = member_changed
        self._identify = identify
        self.public = Blueprint(name, __name__)
        self.public.add_url_rule("", "start", lambda: redirect(url_for(f"{name}.protected.pages.profile")))
        self.public.add_url_rule("/login", view_func=views.login_form)
        self.public.add_url_rule("/login", view_func=views.login, methods=["POST"])
        self.public.add_url_rule("/whoami", "whoami", self._whoami)
        self.public.add_url_rule("/logout", view_func=views.logout, methods=["POST"])
        self.protected = Blueprint("protected", __name__)
        self.protected.before_request(guard)
        self.own = Blueprint("own", __name__)
        self.own.before_request(own_guard or guard)
        self._add_own("", views.logins, "GET")
        self._add_own("", views.end_all, "DELETE")
        self._add_own("/<login_id>", views.end_login, "DELETE")
        # An HTML form cannot send DELETE, and must work without JavaScript.
        self._add_own("/end", views.end_all, "POST", "end_all_form")
        self._add_own("/<login_id>/end", views.end_login, "POST", "end_login_form")

    def _add_own(self, path: str, view: Callable[..., Response], method: str, endpoint: str | None = None) -> None:
        self.own.add_url_rule(f"/logins{path}", endpoint, view, methods=[method])

    def _whoami(self) -> Response:
        """Return who is logged in here. No login is a valid answer too: every page's header asks."""
        try:
            return jsonify(member=self._identify().view())
        except LabError as unknown:
            return jsonify(member=None, code=unknown.code)

    def mount(self, app: Flask, pages: Blueprint) -> None:
        """Put the protected pages behind this approach's guard, and register all routes with `app`."""
        self.protected.register_blueprint(pages)
        self.public.register_blueprint(self.protected)
        self.public.register_blueprint(self.own)
        app.register_blueprint(self.public, url_prefix=f"/{self.name}")


@dataclass(frozen=True)
class ListedLogin:
    """One of a member's logins: when it began, and its latest end (seconds since the epoch)."""

    id: str
    created_at: float
    expires_at: float

    def view(self, current: Identity) -> dict[str, Any]:
        """Return the login as JSON data for clients."""
        return {
            "id": self.id,
            "created_at": _iso(self.created_at),
            "expires_at": _iso(self.expires_at),
            "current": self.id == current.login_id,
        }


@dataclass(frozen=True)
class StoredRecord:
    """A record that the server stores for a login: `where` ("store", "memory" or "database"), and under which name.

    `fields`: its content. `ttl_s`: seconds until it expires, if it does. `size_bytes`: its size, if known.
    """

    where: str
    name: str
    fields: dict[str, Any]
    ttl_s: float | None = None
    size_bytes: int | None = None


def _iso(epoch_s: float) -> str:
    return datetime.fromtimestamp(epoch_s, UTC).isoformat(timespec="seconds")


def logins_page(list_logins: Callable[[int, int], list[ListedLogin]]) -> Response:
    """Show one page of the member's live logins, newest first: `?page=1` and on, with the next page's address.

    `list_logins(first, most)` returns at most `most` logins, after skipping the `first` newest.
    """
    number = whole_number_arg("page", 1, MOST_PAGES) or 1
    logins = list_logins((number - 1) * PAGE, PAGE + 1)
    data: dict[str, Any] = {"logins": [login.view(g.identity) for login in logins[:PAGE]]}
    if len(logins) > PAGE:
        data["next"] = url_for(f"{g.identity.approach}.own.logins", page=number + 1)
    return page("auth/logins.html", data)


def mine_or_404(found: bool) -> None:
    """Raise `NotFound` for a login that is not the member's own. The answer hides whether another member has it."""
    if not found:
        raise NotFound(gettext("None of your live logins has this id."))


def ended(login_id: str) -> Response:
    """Answer the end of a login. After ending the login of this request, the client has to log in again."""
    then = "login_form" if login_id == g.identity.login_id else "own.logins"
    return done(None, 204, then=f"{g.identity.approach}.{then}")
