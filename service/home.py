"""Pages that belong to no approach: home, health checks, language and display settings."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from flask import (
    Blueprint,
    Flask,
    Response,
    current_app,
    g,
    has_request_context,
    jsonify,
    make_response,
    redirect,
    request,
    url_for,
)
from flask_babel import Babel, get_locale, gettext
from werkzeug.exceptions import BadRequest

from service.accounts.public_members import DemoMember
from service.approach import Approach
from service.approaches import in_order
from service.config import Config
from service.measurement.middleware import REQUESTS
from service.terminal import language
from service.web.cookies import cookie_name, setting_cookie
from service.web.fields import read_fields
from service.web.negotiation import page
from service.web.origin import refuse_cross_origin

LANGUAGES = {"en": "English", "ko": "한국어"}
LANGUAGE_COOKIE = setting_cookie("language")
# Display settings. Without a cookie: the browser's preference, and no projector.
DISPLAYS = {"theme": ("light", "dark"), "projector": ("on",)}
DISPLAY_COOKIES = {name: setting_cookie(name) for name in DISPLAYS}


def home_blueprint(
    approaches: Sequence[Approach],
    demo_members: Sequence[DemoMember],
    config: Config,
    readyz: Callable[[], Response],
) -> Blueprint:
    """Return the public pages. `readyz` is the view of the readiness check.

    `demo_members` are shown with their passwords. Only a lab has some.
    """
    home = Blueprint("home", __name__)
    facts = {each.name: each for each in in_order(approach.facts for approach in approaches)}
    members = [member.view() for member in demo_members]
    prefix = cookie_name("", config.secure_cookies)
    known = {"facts": facts, "node": config.node_name, "lab": config.lab, "demo_members": members}
    known |= {"cookie_prefix": prefix, "public_origin": config.public_origin}
    home.app_context_processor(partial(_surroundings, known))
    home.record_once(lambda state: state.app.jinja_env.globals.update(facts=facts))  # macros see no context

    @home.get("/")
    def index() -> Response:
        """Show the approaches, and in a lab the demo members."""
        return page("home.html", {"approaches": list(facts), "members": members})

    @home.get("/healthz")
    def healthz() -> Response:
        """Answer that this process runs. In a lab also say how many requests it has served."""
        served = {"requests": request.environ.get(REQUESTS)} if config.lab else {}
        return jsonify(status="ok", node=config.node_name, **served)

    home.add_url_rule("/readyz", view_func=readyz)

    @home.post("/language")
    def set_language() -> Response:
        """Store the language in a cookie, and redirect to the page of the form."""
        refuse_cross_origin()
        fields = read_fields()
        language = fields.get("language")
        if not isinstance(language, str) or language not in LANGUAGES:
            raise BadRequest(gettext("language must be en or ko."))
        response = make_response(redirect(_local_path(fields.get("next")), 303))
        return LANGUAGE_COOKIE.set(response, language)

    @home.post("/display")
    def set_display() -> Response:
        """Store the theme or the projector mode in a cookie. An empty value deletes the cookie."""
        refuse_cross_origin()
        fields = read_fields()
        response = make_response(redirect(_local_path(fields.get("next")), 303))
        for name, choices in DISPLAYS.items():
            choice = fields.get(name)
            if choice in choices:
                DISPLAY_COOKIES[name].set(response, str(choice))
            elif choice == "":
                DISPLAY_COOKIES[name].delete(response)
            elif choice is not None:
                raise BadRequest(gettext("%(name)s must be one of %(choices)s.", name=name, choices=", ".join(choices)))
        return response

    return home


def _surroundings(known: dict[str, Any]) -> dict[str, Any]:
    """Return the data of every page's header, without a store or database: error pages need it too."""
    prefix = request.path.split("/", 2)[1]
    here = prefix if prefix in known["facts"] else None
    display = {name: request.cookies.get(cookie.name) for name, cookie in DISPLAY_COOKIES.items()}
    chosen = {name: value if value in DISPLAYS[name] else None for name, value in display.items()}
    endpoints = current_app.view_functions
    return {
        **known,
        **chosen,
        "endpoints": endpoints,
        "here": here,
        "me": g.get("identity"),
        "return_path": _return_path(here),
    }


def _return_path(here: str | None) -> str:
    """Return the path that shows this page again by GET. The answer to a POST has none."""
    if request.method in ("GET", "HEAD"):
        return _local_path(request.full_path.removesuffix("?"))
    return url_for(f"{here}.login_form") if here else url_for("home.index")


def _local_path(path: object) -> str:
    """Return `path` if it is local, else the home page: no redirect leaves this site (open redirect)."""
    ours = isinstance(path, str) and path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return str(path) if ours else "/"


def register_languages(app: Flask) -> None:
    """Select the language: the visitor's choice, else the browser's preference, else English."""
    Babel(app, default_locale="en", default_translation_directories="translations", locale_selector=_locale)
    app.context_processor(lambda: {"languages": LANGUAGES, "language": str(get_locale() or "en")})


def _locale() -> str | None:
    if not has_request_context():  # a command in a terminal
        return language()
    chosen = request.cookies.get(LANGUAGE_COOKIE.name)
    return chosen if chosen in LANGUAGES else request.accept_languages.best_match(list(LANGUAGES), "en")
