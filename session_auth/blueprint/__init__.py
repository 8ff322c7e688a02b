"""Logins kept on the server: an opaque id in a cookie, and the record that it finds.

Offers two approaches that differ in one thing, where the records are: `/session` keeps them in the store that all
nodes share, `/memory` in this process.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flask import Flask, Request, Response, request
from flask.sessions import SessionInterface, SessionMixin
from flask_session.base import ServerSideSession

from accounts.login import Door
from approach import Approach
from config import Config
from session_auth.blueprint.guard import SessionGuard
from session_auth.blueprint.routes import SessionRoutes
from session_auth.credential import Lifetimes, SessionCredential
from session_auth.store import MemorySessions, RedisSessions, SessionStore

Clock = Callable[[], float]  # seconds since the epoch

__all__ = ["MemorySessions", "RedisSessions", "SessionApproach", "SessionsByPrefix"]


class SessionApproach(Approach):
    """An approach that keeps its logins in `store`."""

    def __init__(self, name: str, app: Flask, store: SessionStore, door: Door, config: Config, now: Clock) -> None:
        lifetimes = Lifetimes(config.session_idle_s, config.session_absolute_s)
        self.credential = SessionCredential(
            app, f"/{name}", store, door.members, lifetimes, config.logins_per_member, now, in_lab=config.lab
        )
        views = SessionRoutes(name, self.credential, door, config.session_idle_s, config.lab)
        guard = SessionGuard(name, self.credential)
        super().__init__(name, views, guard, guard.identify, self.credential.member_changed)
        self.outside.after_request(views.carry)
        self.inside.add_url_rule("/renew", view_func=views.renew, methods=["POST"])


@dataclass(frozen=True)
class SessionsByPrefix(SessionInterface):
    """Opens a session below the prefixes that keep one. Everywhere else there is none, and no store is asked."""

    interfaces: Mapping[str, SessionCredential]

    def open_session(self, app: Flask, request: Request) -> SessionMixin | None:
        """Open the session of the approach that the path belongs to; None makes Flask's null session."""
        interface = self._interface(request)
        return None if interface is None else interface.open_session(app, request)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Save the session with the interface that opened it."""
        interface = self._interface(request)
        if interface is not None:
            interface.save_session(app, session, response)

    def regenerate(self, session: ServerSideSession) -> None:
        """Give the session a new id, by the name that Flask-Session has for it."""
        interface = self._interface(request)
        if interface is not None:
            interface.regenerate(session)

    def _interface(self, request: Request) -> SessionCredential | None:
        return self.interfaces.get(request.path.split("/", 2)[1])
