"""An approach as data, and the answers that are the same for all of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from flask import Response, g, url_for
from flask_babel import gettext

from service.accounts.identity import Identity
from service.accounts.members import MemberChange
from service.approaches import ApproachFacts
from service.errors import NotFound
from service.web.fields import whole_number_arg
from service.web.negotiation import done, page

PAGE = 50
MOST_PAGES = 20_000

View = Callable[[], Response]


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


@dataclass(frozen=True, eq=False)  # no two approaches are equal; they are kept in sets
class Approach:
    """A way to stay logged in. `mounting.py` mounts it at `/<name>`.

    `guard` sets `g.identity` or raises; `own_guard`, if there is one, does so for the member's own logins. `identify`
    returns who sends a request, as the guard does, but renews nothing. `member_changed` applies a change of a member to
    the member's live logins.

    Only some approaches have the rest. `public_posts` and `protected_posts`: more views for POST, by path; the latter
    are behind the guard. `before_request` and `after_request`: called for each request below `/<name>`.
    """

    facts: ApproachFacts
    views: Views
    guard: Callable[[], None]
    identify: Callable[[], Identity]
    member_changed: Callable[[MemberChange], None] = _ignore_change
    own_guard: Callable[[], None] | None = None
    public_posts: Mapping[str, View] = field(default_factory=dict)
    protected_posts: Mapping[str, View] = field(default_factory=dict)
    before_request: Callable[[], None] | None = None
    after_request: Callable[[Response], Response] | None = None

    @property
    def name(self) -> str:
        """Its name, the first part of its addresses."""
        return self.facts.name


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

    `fields`: its content. `ttl_s`: seconds until it expires, if it does. `slides`: each use restarts that time.
    `size_bytes`: its size, if known.
    """

    where: str
    name: str
    fields: dict[str, Any]
    ttl_s: float | None = None
    size_bytes: int | None = None
    slides: bool = False


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
