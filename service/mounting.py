"""Mount an approach: its routes, and its guards in front of the pages and of a member's own logins."""

from functools import partial

from flask import Blueprint, Flask, Response, jsonify, redirect, url_for

from service.approach import Approach
from service.errors import ServiceError


def mount(app: Flask, approach: Approach, pages: Blueprint) -> None:
    """Register all routes of the approach with `app`, with `pages` behind its guard."""
    public = _public(approach)
    public.register_blueprint(_protected(approach, pages))
    public.register_blueprint(_own(approach))
    app.register_blueprint(public, url_prefix=f"/{approach.name}")


def _public(approach: Approach) -> Blueprint:
    """Return the routes that need no guard. Log-out is one: each approach checks itself whose login it is."""
    name, views = approach.name, approach.views
    public = Blueprint(name, __name__)
    if approach.before_request is not None:
        public.before_request(approach.before_request)
    if approach.after_request is not None:
        public.after_request(approach.after_request)
    public.add_url_rule("", "start", lambda: redirect(url_for(f"{name}.protected.pages.profile")))
    public.add_url_rule("/login", view_func=views.login_form)
    public.add_url_rule("/login", view_func=views.login, methods=["POST"])
    public.add_url_rule("/whoami", "whoami", partial(_whoami, approach))
    public.add_url_rule("/logout", view_func=views.logout, methods=["POST"])
    for path, view in approach.public_posts.items():
        public.add_url_rule(path, view_func=view, methods=["POST"])
    return public


def _protected(approach: Approach, pages: Blueprint) -> Blueprint:
    """Return the pages behind the guard."""
    protected = Blueprint("protected", __name__)
    protected.before_request(approach.guard)
    for path, view in approach.protected_posts.items():
        protected.add_url_rule(path, view_func=view, methods=["POST"])
    protected.register_blueprint(pages)
    return protected


def _own(approach: Approach) -> Blueprint:
    """Return the routes of a member's own logins."""
    views = approach.views
    own = Blueprint("own", __name__)
    own.before_request(approach.own_guard or approach.guard)
    own.add_url_rule("/logins", view_func=views.logins)
    own.add_url_rule("/logins", view_func=views.end_all, methods=["DELETE"])
    own.add_url_rule("/logins/<login_id>", view_func=views.end_login, methods=["DELETE"])
    # An HTML form cannot send DELETE, and must work without JavaScript.
    own.add_url_rule("/logins/end", "end_all_form", views.end_all, methods=["POST"])
    own.add_url_rule("/logins/<login_id>/end", "end_login_form", views.end_login, methods=["POST"])
    return own


def _whoami(approach: Approach) -> Response:
    """Return who is logged in here. No login is a valid answer too: every page's header asks."""
    try:
        return jsonify(member=approach.identify().view())
    except ServiceError as unknown:
        return jsonify(member=None, code=unknown.code)
