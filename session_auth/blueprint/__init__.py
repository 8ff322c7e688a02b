"""Two approaches of the service that use sessions. They differ only in where the records are kept.

`/session` keeps them in the store that all nodes share, `/memory` in this process.

Besides the core's public names the lab uses: `SessionCredential` and the methods that a subclass may override
(`credential.py`), `Record`, `decode` and `merged` (`credential.py`, `interface.py`), the store's index and the read
that does not slide (`stores.py`), all error classes (`problems.py`), and the connection with its client
(`service/store/connection.py`, which times it for the whole lab).
"""

from collections.abc import Callable

from flask import Flask

from service.accounts.login import PasswordLogin
from service.approach import Approach
from service.approaches import ApproachFacts
from service.config import Config
from service.web.cookies import credential_cookie
from session_auth.blueprint.credential import MemberCredential
from session_auth.blueprint.guard import SessionBlueprintGuard
from session_auth.blueprint.interface import CookieSessionInterface, PrefixSessionInterface
from session_auth.blueprint.routes import SessionRoutes
from session_auth.blueprint.stores import MemberSessions, MemorySessions, SharedSessions
from session_auth.credential import Lifetimes

Clock = Callable[[], float]  # seconds since the epoch

__all__ = ["CookieSessionInterface", "MemorySessions", "PrefixSessionInterface", "SessionApproach", "SharedSessions"]


class SessionApproach(Approach):
    """An approach that keeps its logins in `store`."""

    def __init__(
        self,
        facts: ApproachFacts,
        app: Flask,
        store: MemberSessions,
        password_login: PasswordLogin,
        config: Config,
        now: Clock,
    ) -> None:
        name = facts.name
        lifetimes = Lifetimes(config.session_idle_s, config.session_absolute_s)
        self.credential = MemberCredential(
            store, password_login.members, lifetimes, config.logins_per_member, now, in_lab=config.lab
        )
        cookie = credential_cookie("sid", f"/{name}", config.secure_cookies)
        self.interface = CookieSessionInterface(app, cookie, self.credential)
        views = SessionRoutes(name, self.credential, password_login, config.session_idle_s, config.lab, cookie)
        guard = SessionBlueprintGuard(name, self.credential, cookie)
        super().__init__(
            facts,
            views,
            guard,
            guard.identify,
            self.credential.member_changed,
            protected_posts={"/renew": views.renew},
        )
