"""`/walkthrough/<story>` with an address for each step, and the player's other requests."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict
from typing import get_args

from flask import Blueprint, Response, current_app, jsonify, make_response, render_template
from flask_babel import gettext
from werkzeug.exceptions import BadRequest

from lab.controls import Guard
from lab.pages.walkthrough.client import OtherClient, OtherRequest
from lab.pages.walkthrough.password import comparison
from lab.pages.walkthrough.stories import STORIES
from lab.pages.walkthrough.story import Story
from service.accounts.identity import Role
from service.accounts.members import Members, UnknownMember
from service.accounts.passwords import matches
from service.accounts.public_members import LOAD_PASSWORD
from service.approach import StoredRecord
from service.config import Config
from service.errors import NotFound
from service.web.cookies import cookie_name
from service.web.fields import Fields, read_fields, text_field

MAX_CREDENTIAL = 8192
PLAYTHING = re.compile(r"load-\d{4}", re.ASCII)  # only load members: changing them disturbs no visitor
ROLES = get_args(Role)

FindRecords = Callable[[str], Sequence[StoredRecord]]


def walkthrough_blueprint(
    config: Config,
    front_door: str,
    with_logins: Collection[str],
    find_records: Mapping[str, FindRecords],
    members: Members,
    set_role: Callable[[str, str], None],
) -> Blueprint:
    """Return the walkthrough pages.

    `with_logins`: the approaches that have logins. `find_records`: by approach, what finds the records of a credential.
    """
    walks = Blueprint("walkthrough", __name__, url_prefix="/walkthrough")
    walks.before_request(Guard.of(config))
    walks.app_context_processor(lambda: {"stories": STORIES})
    other, grace_s, cookie_prefix = (
        OtherClient(front_door),
        config.refresh_grace_s,
        cookie_name("", config.secure_cookies),
    )

    @walks.get("/<slug>")
    @walks.get("/<slug>/<step>")
    def story(slug: str, step: str | None = None) -> Response:
        """Show the player with a story. The player's script opens the step."""
        found = STORIES.get(slug)
        if found is None or (step is not None and not found.has(step)):
            raise NotFound(gettext("There is no such walk, or no such step in it."))
        told = found.view(grace_s=grace_s, cookie=cookie_prefix)
        return make_response(render_template("walkthrough.html", story=found, told=told, following=_following(found)))

    @walks.post("/holdings")
    def stored_records() -> Response:
        """Return the records that this server stores for a credential's login, without usable secrets."""
        fields = read_fields()
        find = find_records.get(text_field(fields, "approach", 16))
        if find is None:
            raise BadRequest(gettext("approach must be one with logins."))
        records = next(filter(None, map(find, _credentials(fields))), [])
        return jsonify(node=current_app.config["NODE_NAME"], holds=[asdict(record) for record in records])

    @walks.post("/password")
    def compare_password() -> Response:
        """Show how a demo member's published password, and another one, compare with the hash in the member's row."""
        return jsonify(comparison(members, text_field(read_fields(), "username", 16)))

    @walks.post("/as-another-client")
    def as_another_client() -> Response:
        """Send a request that a page's script cannot send, and return its answer."""
        return jsonify(other.send(OtherRequest.read(read_fields(), with_logins)))

    @walks.post("/second-login")
    def second_login() -> Response:
        """Log a load member in as another client, and return the answer: a page has only one set of cookies."""
        fields = read_fields()
        log_in = OtherRequest.log_in(text_field(fields, "approach", 16), _load_member(fields), with_logins)
        _refuse_if_it_would_fail(members, _load_member(fields))
        return jsonify(other.send(log_in))

    @walks.post("/role")
    def change_role() -> Response:
        """Change a load member's role, as `flask members set-role` does, also in live logins."""
        fields = read_fields()
        username, role = _load_member(fields), text_field(fields, "role", 16)
        if role not in ROLES:
            raise BadRequest(gettext("%(name)s must be one of %(choices)s.", name="role", choices=", ".join(ROLES)))
        try:
            set_role(username, role)
        except UnknownMember:
            raise NotFound(gettext("There is no such member.")) from None
        return jsonify(member={"username": username, "role": role})

    return walks


def _following(story: Story) -> Story | None:
    """Return the next walk in the recommended order; None after the last one."""
    stories = list(STORIES.values())
    return next(iter(stories[stories.index(story) + 1 :]), None)


def _refuse_if_it_would_fail(members: Members, username: str) -> None:
    """Raise 404 for a member who does not have the public password.

    The lab sends this log-in from its own machine. Failures would count for that machine's address, and visitors could
    block its browser from logging in. A visitor sends no password here, so nothing can be guessed.
    """
    member = members.find_active(username)
    if member is None or not matches(member.password_hash, LOAD_PASSWORD):
        raise NotFound(gettext("There is no such load member, or its password was changed."))


def _load_member(fields: Fields) -> str:
    username = text_field(fields, "username", 16)
    if PLAYTHING.fullmatch(username) is None:
        raise BadRequest(gettext("This works with a load member only."))
    return username


def _credentials(fields: Fields) -> list[str]:
    names = ["credential", *(["refresh_token"] if "refresh_token" in fields else [])]
    return [text_field(fields, name, MAX_CREDENTIAL) for name in names]
