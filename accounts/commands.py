"""`flask members …`: add, change and seed members from the terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click
from flask.cli import AppGroup

from accounts.demo import DEFAULT_LOAD_MEMBERS, seed_load_members
from accounts.members import MAX_PASSWORD, MAX_USERNAME, Change, Members, NameTaken, UnknownMember
from accounts.passwords import hash_password
from errors import StoreUnavailable
from web.fields import is_text


class UsernameType(click.ParamType[str]):
    """A name of 1 to 64 printable characters."""

    name = "name"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not value or len(value) > MAX_USERNAME or not value.isprintable():
            self.fail(f"a name takes 1 to {MAX_USERNAME} printable characters", param, ctx)
        return value


USERNAME = UsernameType()

# What a command in another process can reach. That it cannot reach a node's memory is what `/memory` is there to show.
ENDED = "their sessions and refresh tokens have ended; an access token, or a node's memory, does not hear of it"


def commands(members: Members, tell: Callable[[Change], None]) -> AppGroup:
    """Return the command group over `members`; `tell` carries a change to the live logins."""
    group = AppGroup("members", help="Add, change and seed members.")

    @group.command("add")
    @click.argument("name", type=USERNAME)
    @click.option("--role", type=click.Choice(["user", "admin"]), default="user", show_default=True)
    @click.password_option()
    def add(name: str, role: str, password: str) -> None:
        """Add a member; the password is asked for."""
        try:
            with _said_in_one_line():
                members.add(name, hash_password(_checked(password)), role)
        except NameTaken:
            raise click.ClickException(f"there is a member named {name} already") from None
        click.echo(f"added {name} ({role})")

    @group.command("disable")
    @click.argument("name", type=USERNAME)
    def disable(name: str) -> None:
        """Disable a member and end their logins."""
        with _repeatable(name):
            tell(members.disable(name))
        click.echo(f"disabled {name}; {ENDED}")

    @group.command("set-role")
    @click.argument("name", type=USERNAME)
    @click.argument("role", type=click.Choice(["user", "admin"]))
    def set_role(name: str, role: str) -> None:
        """Change a member's role; live sessions feel it on their next request."""
        with _repeatable(name):
            tell(members.set_role(name, role))
        click.echo(f"{name} is now {role}")

    @group.command("set-password")
    @click.argument("name", type=USERNAME)
    @click.password_option()
    def set_password(name: str, password: str) -> None:
        """Change a member's password and end their logins."""
        checked = _checked(password)
        with _repeatable(name):
            tell(members.set_password(name, checked))
        click.echo(f"changed the password of {name}; {ENDED}")

    @group.command("seed")
    @click.option("--count", type=click.IntRange(1, 1_000_000), default=DEFAULT_LOAD_MEMBERS, show_default=True)
    def seed(count: int) -> None:
        """Add load-test members load-0001, load-0002, … that are missing."""
        with _said_in_one_line():
            click.echo(f"added {seed_load_members(members, count)} load members")

    return group


def _checked(password: str) -> str:
    """Return `password` if somebody can log in with it: the form refuses what is refused here."""
    if not 1 <= len(password) <= MAX_PASSWORD:
        raise click.ClickException(f"a password takes 1 to {MAX_PASSWORD} characters")
    if not is_text(password):
        raise click.ClickException("the password holds a character that is not text")
    return password


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
