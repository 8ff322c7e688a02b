"""A login in one node's memory: which node has it?"""

from flask_babel import gettext
from flask_babel import lazy_gettext as _

from lab.pages.missions.ground import Ground
from lab.pages.missions.mission import CURL, Begun, Mission, Part, Verdict, answer
from lab.trials import Kept
from service.web.cookies import cookie_name
from service.web.fields import Fields


def begin(ground: Ground) -> Begun:
    """Log a load member in, in the memory of the node that answers this request."""
    credential, config = ground.memory.credential, ground.config
    player = ground.player()
    session_id = credential.issue_for(player, config.session_idle_s)
    login_id = credential.stored_records(session_id)[0].fields["login_id"]
    cookie = f"{cookie_name('sid', config.secure_cookies)}={session_id}"
    return Begun({"node": config.node_name, "login_id": login_id}, {"COOKIE": cookie}, player.username)


def judge(_ground: Ground, kept: Kept, fields: Fields) -> Verdict:
    """Only the node that has the login can have shown its login id."""
    node, login_id = answer(fields, "node"), answer(fields, "login_id")
    if login_id != kept["login_id"]:
        return Verdict(
            False, gettext("This is not the id of your login. The answer with 200 marks it with current: true.")
        )
    if node != kept["node"]:
        return Verdict(False, gettext("The login id is right, but the header X-Node of that answer has another name."))
    return Verdict(
        True, gettext("Only %(node)s has your login in its memory. Every other node answers 401.", node=kept["node"])
    )


WHICH_NODE = Mission(
    slug="which-node",
    approach="memory",
    minutes=2,
    title=_("Find which node knows you"),
    goal=_("Name the node that has your login in its memory, and the id of that login."),
    who=_("You are a load member. You have just logged in at /memory, and you have the cookie."),
    tool=CURL,
    hints=(
        _("/memory/logins lists the logins of the member whose cookie comes with the request."),
        _("The balancer passes each request to the next node. The header X-Node of an answer names its node."),
        _("Send the same request until an answer has the status 200. A lab of one node answers so at once."),
    ),
    solution=(
        Part(
            _("Ask for the logins until a node answers 200. Its answer has both."),
            """\
for try in $(seq 20); do
  curl -s -i -b "$COOKIE" "$LAB/memory/logins" | tr -d '\\r' > answer.txt
  grep -q '^HTTP.* 200' answer.txt && break
done
grep -i '^x-node' answer.txt | sed 's/.*: /node: /'
tail -n 1 answer.txt | python3 -c '
import json, sys
for login in json.load(sys.stdin)["logins"]:
    if login["current"]:
        print("login_id:", login["id"])'""",
        ),
    ),
    walk="/scale-out#round",
    begin=begin,
    judge=judge,
    answers={"node": _("Name of the node"), "login_id": _("Login id")},
)
