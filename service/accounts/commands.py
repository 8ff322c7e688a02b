"""`flask members …`: add, change and seed members from the terminal."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click
from flask.cli import AppGroup

from service.accounts.members import MemberChange, Members, NameTaken, UnknownMember
from service.accounts.names import MAX_USERNAME, BadName, as_compared, new_name
from service.accounts.password_rules import MAX_PASSWORD, BadPassword, new_password
from service.accounts.passwords import hash_password
from service.accounts.public_members import DEFAULT_LOAD_MEMBERS
from service.config import privately
from service.errors import StoreUnavailable
from service.terminal import _


class MembersName(click.ParamType[str]):
    """The name of an existing member, as typed: 1 to 64 printable characters."""

    name = "name"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        spelled = as_compared(value)
        if not spelled or len(spelled) > MAX_USERNAME or not spelled.isprintable():
            self.fail(_("a name must have 1 to %(most)s printable characters", most=MAX_USERNAME), param, ctx)
        return value


class NewName(MembersName):
    """The name of a new member, in the spelling that is stored."""

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return new_name(super().convert(value, param, ctx))
        except BadName:
            self.fail(
                _(
                    "a name may contain letters, digits and ASCII signs, with one space between words:"
                    " no emoji, no space at either end, no invisible characters, and no mixed writing directions"
                ),
                param,
                ctx,
            )


MEMBERS_NAME, NEW_NAME = MembersName(), NewName()

LONGEST_LINE = 64 * MAX_PASSWORD  # bytes: more than any spelling of a password needs


# A command in another process cannot change a node's memory: that is what `/memory` shows.
def _ended() -> str:
    return _(
        "their sessions and refresh tokens have ended;"
        " access tokens without a denylist stay valid until they expire, and sessions in a node's memory are not"
        " reached"
    )


def commands(
    members: Members, notify: Callable[[MemberChange], None], seed_load_members: Callable[[Members, int], int]
) -> AppGroup:
    """Return the command group for `members`. `notify` applies a change to the live logins.

    `seed_load_members` adds the missing ones of a number of load-test members, and returns how many it added.
    """
    group = AppGroup("members", callback=privately, help=_("Add, change and seed members."))

    @group.command(
        "add",
        help=_("Add a member. Prompts for the password; without a terminal it is the first line of standard input."),
    )
    @click.argument("name", type=NEW_NAME)
    @click.option("--role", type=click.Choice(["user", "admin"]), default="user", show_default=True)
    @_no_password_option
    def add(name: str, role: str) -> None:
        password = _ask_for_password(name)
        try:
            with _said_in_one_line():
                members.add(name, hash_password(password), role)
        except NameTaken:
            raise click.ClickException(_("there is a member named %(name)s already", name=name)) from None
        click.echo(_("added %(name)s (%(role)s)", name=name, role=role))

    @group.command("disable", help=_("Disable a member and end their logins."))
    @click.argument("name", type=MEMBERS_NAME)
    def disable(name: str) -> None:
        with _repeatable(name):
            notify(members.disable(name))
        click.echo(_("disabled %(name)s; %(ended)s", name=name, ended=_ended()))

    @group.command("set-role", help=_("Change a member's role. It applies to live sessions from their next request."))
    @click.argument("name", type=MEMBERS_NAME)
    @click.argument("role", type=click.Choice(["user", "admin"]))
    def set_role(name: str, role: str) -> None:
        with _repeatable(name):
            notify(members.set_role(name, role))
        click.echo(_("%(name)s is now %(role)s", name=name, role=role))

    @group.command("set-password", help=_("Change a member's password, read as by `add`, and end their logins."))
    @click.argument("name", type=MEMBERS_NAME)
    @_no_password_option
    def set_password(name: str) -> None:
        password = _ask_for_password(name)
        with _repeatable(name):
            notify(members.set_password(name, password))
        click.echo(_("changed the password of %(name)s; %(ended)s", name=name, ended=_ended()))

    @group.command("seed", help=_("Add load-test members load-0001, load-0002, … that are missing."))
    @click.option("--count", type=click.IntRange(1, 1_000_000), default=DEFAULT_LOAD_MEMBERS, show_default=True)
    def seed(count: int) -> None:
        with _said_in_one_line():
            click.echo(_("added %(count)s load members", count=seed_load_members(members, count)))

    return group


def _no_password_option(command: Callable[..., None]) -> Callable[..., None]:
    """Refuse `--password` with a message that says what to do instead."""

    def refuse(_context: click.Context, _option: click.Parameter, value: Any) -> None:
        if value is not None:
            raise click.UsageError(
                _(
                    "--password would show it in the list of processes and in the shell's history."
                    " Leave it out: the command prompts for the password, or reads it from standard input"
                )
            )

    return click.option("--password", hidden=True, expose_value=False, callback=refuse)(command)


def _ask_for_password(username: str) -> str:
    """Read a new password from the terminal, or a line of standard input. Raise `ClickException`."""
    try:
        if sys.stdin.isatty():
            typed = click.prompt(_("Password"), hide_input=True, confirmation_prompt=True)
        else:
            line = sys.stdin.buffer.readline(LONGEST_LINE)
            typed = line.decode().removesuffix("\n").removesuffix("\r")
        return new_password(typed, username)
    except UnicodeDecodeError:
        raise click.ClickException(_("the password is not UTF-8")) from None
    except BadPassword as bad:
        raise click.ClickException(str(bad)) from None


@contextmanager
def _said_in_one_line() -> Iterator[None]:
    try:
        yield
    except StoreUnavailable as error:
        raise click.ClickException(str(error.detail)) from None


@contextmanager
def _repeatable(name: str) -> Iterator[None]:
    """Report what went wrong with a change. All steps are idempotent: after a failure the command can be repeated."""
    try:
        yield
    except UnknownMember:
        raise click.ClickException(_("there is no member named %(name)s", name=name)) from None
    except StoreUnavailable as error:
        raise click.ClickException(
            _("not all logins were changed, so run it again: %(why)s", why=error.detail)
        ) from None
