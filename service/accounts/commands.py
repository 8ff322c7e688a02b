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


class MembersName(click.ParamType[str]):
    """A name that a member may have: 1 to 64 printable characters, as they were typed."""

    name = "name"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        spelled = as_compared(value)
        if not spelled or len(spelled) > MAX_USERNAME or not spelled.isprintable():
            self.fail(f"a name takes 1 to {MAX_USERNAME} printable characters", param, ctx)
        return value


class NewName(MembersName):
    """A name that a new member can have, in the spelling that is kept."""

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return new_name(super().convert(value, param, ctx))
        except BadName:
            self.fail(
                "a name takes letters, digits and ASCII signs, with one space between words:"
                " no emoji, no space at an end, nothing invisible, and no word written in two directions",
                param,
                ctx,
            )


MEMBERS_NAME, NEW_NAME = MembersName(), NewName()

LONGEST_LINE = 64 * MAX_PASSWORD  # bytes: more than any spelling of a password takes

# What a command in another process can reach. That it cannot reach a node's memory is what `/memory` is there to show.
ENDED = "their sessions and refresh tokens have ended; an access token, or a node's memory, does not hear of it"


def commands(
    members: Members, notify: Callable[[MemberChange], None], seed_load_members: Callable[[Members, int], int]
) -> AppGroup:
    """Return the command group over `members`; `notify` carries a change to the live logins.

    `seed_load_members` adds what is missing of so many load-test members, and returns how many that were.
    """
    group = AppGroup("members", callback=privately, help="Add, change and seed members.")

    @group.command("add")
    @click.argument("name", type=NEW_NAME)
    @click.option("--role", type=click.Choice(["user", "admin"]), default="user", show_default=True)
    @_no_password_option
    def add(name: str, role: str) -> None:
        """Add a member. The password is asked for; without a terminal it is the first line of standard input."""
        password = _ask_for_password(name)
        try:
            with _said_in_one_line():
                members.add(name, hash_password(password), role)
        except NameTaken:
            raise click.ClickException(f"there is a member named {name} already") from None
        click.echo(f"added {name} ({role})")

    @group.command("disable")
    @click.argument("name", type=MEMBERS_NAME)
    def disable(name: str) -> None:
        """Disable a member and end their logins."""
        with _repeatable(name):
            notify(members.disable(name))
        click.echo(f"disabled {name}; {ENDED}")

    @group.command("set-role")
    @click.argument("name", type=MEMBERS_NAME)
    @click.argument("role", type=click.Choice(["user", "admin"]))
    def set_role(name: str, role: str) -> None:
        """Change a member's role; live sessions feel it on their next request."""
        with _repeatable(name):
            notify(members.set_role(name, role))
        click.echo(f"{name} is now {role}")

    @group.command("set-password")
    @click.argument("name", type=MEMBERS_NAME)
    @_no_password_option
    def set_password(name: str) -> None:
        """Change a member's password, asked for as by `add`, and end their logins."""
        password = _ask_for_password(name)
        with _repeatable(name):
            notify(members.set_password(name, password))
        click.echo(f"changed the password of {name}; {ENDED}")

    @group.command("seed")
    @click.option("--count", type=click.IntRange(1, 1_000_000), default=DEFAULT_LOAD_MEMBERS, show_default=True)
    def seed(count: int) -> None:
        """Add load-test members load-0001, load-0002, … that are missing."""
        with _said_in_one_line():
            click.echo(f"added {seed_load_members(members, count)} load members")

    return group


def _no_password_option(command: Callable[..., None]) -> Callable[..., None]:
    """Refuse `--password`, and say what to do instead."""

    def refuse(_context: click.Context, _option: click.Parameter, value: Any) -> None:
        if value is not None:
            raise click.UsageError(
                "--password would show it in the list of processes and in the shell's history."
                " Leave it out: the password is asked for, or read from standard input"
            )

    return click.option("--password", hidden=True, expose_value=False, callback=refuse)(command)


def _ask_for_password(username: str) -> str:
    """Return a new password, from a terminal or from a line of standard input. Raise `ClickException`."""
    try:
        if sys.stdin.isatty():
            typed = click.prompt("Password", hide_input=True, confirmation_prompt=True)
        else:
            line = sys.stdin.buffer.readline(LONGEST_LINE)
            typed = line.decode().removesuffix("\n").removesuffix("\r")
        return new_password(typed, username)
    except UnicodeDecodeError:
        raise click.ClickException("the password is not UTF-8") from None
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
    """Say what went wrong with a change. Making it and telling of it are idempotent: after a failure, run it again."""
    try:
        yield
    except UnknownMember:
        raise click.ClickException(f"there is no member named {name}") from None
    except StoreUnavailable as error:
        raise click.ClickException(f"not everything was reached, so run it again: {error.detail}") from None
