"""A member loses a role while logged in by three approaches: when each approach applies the change."""

from flask_babel import lazy_gettext as _

from lab.pages.walkthrough.stories.parts import ACCESS, HYBRID_ACCESS, HYBRID_TOKENS, MEMBER, TOKENS
from lab.pages.walkthrough.story import Ending, Expect, Option, Prediction, Request, Step, Story

ROLE = ("request line", "request body", "response body")


def _make(role: str) -> Request:
    return Request("POST", "/walkthrough/role", body={"username": "{member}", "role": role})


ROLE_CHANGE = Story(
    slug="role-change",
    approach="hybrid",
    title=_("Role change"),
    question=_("When does a changed role take effect?"),
    credentials={"session": "sid", "token": "access_token", "hybrid": "hybrid_access_token"},
    anew=("promote",),  # each login has the role at the time of the log-in
    steps=(
        Step(
            "promote",
            _("Make {member} an admin"),
            _("This walk borrows one of the lab’s load members, {member}, and makes it an administrator."),
            _("The role is a column in the member database. A login has only a copy of it."),
            _make("admin"),
            look_at=ROLE,
            expect=Expect(200, member="{member}", role="admin"),
            name=_("Make an admin"),
        ),
        Step(
            "session-login",
            _("Log in by session"),
            _("{member} logs in, and the server writes the role into the session record."),
            _("The copy is on the server, so the server can change it."),
            Request("POST", "/session/login", body=MEMBER, keeps={"sid": "cookie sid"}),
            look_at=("response Set-Cookie", "response body"),
            expect=Expect(200, member="{member}", role="admin"),
        ),
        Step(
            "token-login",
            _("Log in by token"),
            _("{member} logs in, and the server signs the role into the access token."),
            _("The client has the copy. The signature prevents every change, even by the server."),
            Request("POST", "/token/login", body=MEMBER, keeps=TOKENS),
            look_at=("response body",),
            expect=Expect(200),
        ),
        Step(
            "hybrid-login",
            _("Log in by hybrid"),
            _("The same again with a token of the hybrid approach. Every request reads its denylist."),
            _(
                "Here the client has the copy, too. But in the denylist the server can record that it is no "
                "longer valid."
            ),
            Request("POST", "/hybrid/login", body=MEMBER, keeps=HYBRID_TOKENS),
            look_at=("response body",),
            expect=Expect(200),
        ),
        Step(
            "session-in",
            _("The admin page, by session"),
            _("The page for administrators is shown."),
            _("The page checks the role of the identity, whether it came from a session or a token."),
            Request("GET", "/session/admin"),
            look_at=("request Cookie", "inside GETEX", "response status"),
            expect=Expect(200, inside=("GETEX",)),
            name=_("Admin by session"),
        ),
        Step(
            "token-in",
            _("The admin page, by token"),
            _("The access token says admin, so the page is shown."),
            _("Only the token was read. The database was queried for the list on the page, not for the role."),
            Request("GET", "/token/admin", headers=ACCESS),
            look_at=("request Authorization", "inside at+jwt", "response status"),
            expect=Expect(200, inside=("at+jwt",), not_inside=("store",)),
            alive="access_token",
            name=_("Admin by token"),
        ),
        Step(
            "hybrid-in",
            _("The admin page, by hybrid"),
            _("The token says admin, and the denylist has no entry for it."),
            _("It costs one look-up, as a session does. In return, a signed role can be revoked."),
            Request("GET", "/hybrid/admin", headers=HYBRID_ACCESS),
            look_at=("request Authorization", "inside GET lab:denied", "response status"),
            expect=Expect(200, inside=("at+jwt",)),
            alive="hybrid_access_token",
            name=_("Admin by hybrid"),
        ),
        Step(
            "demote",
            _("Take the role away"),
            _(
                "{member} becomes an ordinary user again. The server applies the change to the live logins that "
                "it can reach."
            ),
            _("The session’s record is changed, and the hybrid login gets a denylist entry."),
            _make("user"),
            look_at=ROLE,
            expect=Expect(200, member="{member}", role="user"),
        ),
        Step(
            "session-after",
            _("Again by session"),
            _("{member} is still logged in, but no longer an administrator: 403."),
            _("The change applies from the next request, because every request reads the record."),
            Request("GET", "/session/admin"),
            look_at=("inside GETEX", "response status", "response body"),
            expect=Expect(403, code="forbidden", inside=("GETEX",)),
            predict=Prediction(
                _("The role is gone. The session asks for the admin page again. What does the server answer?"),
                (
                    Option(_("The page, as before."), Expect(200)),
                    Option(_("403: no longer an administrator."), Expect(403)),
                    Option(_("401: log in again."), Expect(401)),
                ),
            ),
        ),
        Step(
            "token-after",
            _("Again by token"),
            _("The access token still says admin, and the page is still shown."),
            _(
                "This is a stale claim. The server trusts it until the token expires, however long ago the role "
                "was removed."
            ),
            Request("GET", "/token/admin", headers=ACCESS),
            look_at=("request Authorization", "inside at+jwt", "response status"),
            expect=Expect(200, inside=("at+jwt",), not_inside=("store",)),
            alive="access_token",
            predict=Prediction(
                _("And the token, in which the role is signed?"),
                (
                    Option(_("The page, as before."), Expect(200)),
                    Option(_("403: no longer an administrator."), Expect(403)),
                    Option(_("401: log in again."), Expect(401)),
                ),
            ),
        ),
        Step(
            "hybrid-after",
            _("Again by hybrid"),
            _("The token’s role is not the current one, so the token is treated as expired."),
            _("The login has not ended. Only the token is outdated, so the client refreshes."),
            Request("GET", "/hybrid/admin", headers=HYBRID_ACCESS),
            look_at=("inside GET lab:denied", "response status", "response body"),
            expect=Expect(401, code="expired_token"),
            predict=Prediction(
                _("And the hybrid token, whose denylist is read on each request?"),
                (
                    Option(_("The page, as before."), Expect(200)),
                    Option(_("403: no longer an administrator."), Expect(403)),
                    Option(_("401: refresh first."), Expect(401)),
                ),
            ),
        ),
        Step(
            "hybrid-refresh",
            _("Refresh the hybrid login"),
            _("The server reads the role from the member database, and signs it into the new access token."),
            _("A new token has the current role. With the token approach a change takes effect only at a refresh."),
            Request("POST", "/hybrid/refresh", body={"refresh_token": "{hybrid_refresh_token}"}, keeps=HYBRID_TOKENS),
            look_at=("inside SELECT refresh_families, members", "response body"),
            expect=Expect(200, inside=("SELECT refresh_families, members",)),
            compares="refresh",
            name=_("Refresh hybrid"),
        ),
        Step(
            "hybrid-user",
            _("Who the new token belongs to"),
            _("The profile of {member} says: user."),
            _("Session: at once. Hybrid: at once, and one refresh. Token: when it expires."),
            Request("GET", "/hybrid/profile", headers=HYBRID_ACCESS),
            look_at=("request Authorization", "response body"),
            expect=Expect(200, member="{member}", role="user"),
            alive="hybrid_access_token",
            name=_("Whose token now"),
        ),
    ),
    end=Ending(
        _(
            "By session at the next request, by hybrid at the next request with one refresh, by token only when the token expires."
        ),
        (
            _("Every login has a copy of the role. The question is who can change the copy."),
            _("A session’s copy is on the server, so the change reaches it."),
            _("A token’s copy is signed and out of reach. A denylist can only say that it is outdated."),
        ),
    ),
)
