"""`/missions`, `/missions/<name>`, and the requests that begin a try and have it judged."""

from flask import Blueprint, Response, current_app, jsonify, make_response, render_template, request
from flask_babel import gettext

from lab.controls import Guard
from lab.pages.missions.each import MISSIONS
from lab.pages.missions.ground import Ground
from lab.pages.missions.mission import Mission
from lab.pages.study_notes.routes import name_of
from service.errors import NotFound
from service.web.fields import read_fields


def missions_blueprint(ground: Ground) -> Blueprint:
    """Return the pages."""
    missions = Blueprint("missions", __name__, url_prefix="/missions")
    missions.before_request(Guard.of(ground.config))

    @missions.get("")
    def page() -> Response:
        """Show the list. The page's script keeps in the browser which missions are solved."""
        return make_response(render_template("missions.html", missions=list(MISSIONS.values())))

    @missions.get("/<name>")
    def mission(name: str) -> Response:
        """Show one mission."""
        shown = {"mission": _found(name), "after": _after(name), "name_of": name_of, "is_there": _is_there}
        return make_response(render_template("missions/mission.html", **shown))

    @missions.post("/<name>/trials")
    def begin(name: str) -> tuple[Response, int]:
        """Begin a try. The answer has all that the visitor gets; the lab keeps only what it needs to judge."""
        begun = _found(name).begin(ground)
        trial_id = ground.trials.begin(name, begun.kept, begun.player, request.remote_addr or "")
        given = {each: value.replace("$TRIAL", trial_id) for each, value in begun.given.items()}
        return jsonify(trial=trial_id, given=given), 201

    @missions.post("/<name>/trials/<trial_id>/check")
    def check(name: str, trial_id: str) -> Response:
        """Decide from what the lab knows whether the mission is solved."""
        kept = ground.trials.find(name, trial_id)
        before = dict(kept)
        verdict = _found(name).judge(ground, kept, read_fields())
        if kept != before:
            ground.trials.keep(name, trial_id, kept)
        return jsonify(solved=verdict.solved, says=verdict.says)

    return missions


def _found(name: str) -> Mission:
    if name not in MISSIONS:
        raise NotFound(gettext("There is no such mission."))
    return MISSIONS[name]


def _after(name: str) -> Mission | None:
    """Return the mission that follows; None after the last one."""
    names = list(MISSIONS)
    following = names[names.index(name) + 1 :]
    return MISSIONS[following[0]] if following else None


def _is_there(href: str) -> bool:
    """Return whether this lab has the page: without a balancer or a supervisor it has no walks or controls."""
    return current_app.url_map.bind("").test(href.partition("#")[0], "GET")
