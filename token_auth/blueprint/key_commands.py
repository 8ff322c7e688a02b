"""`flask keys …`: show the key ring and change it while the lab runs."""

from collections.abc import Callable
from typing import get_args

import click
from flask.cli import AppGroup

from service.config import Algorithm, privately
from service.terminal import _
from token_auth.blueprint.key_ring import naming_the_setting
from token_auth.errors import KeyInUse, UnknownKey
from token_auth.key_ring import KeyRing
from token_auth.keys import Ring


def commands(key_ring: KeyRing) -> AppGroup:
    """Return the command group over `key_ring`."""
    description = _("Show the signing keys and change them. Running nodes follow within a second.")
    group = AppGroup("keys", callback=privately, help=description)

    @group.command("list", help=_("Show every key, its state, and from when until when it signed."))
    def list_keys() -> None:
        _show(key_ring.current())

    @group.command("rotate", help=_("Sign with a new key from now on. Tokens that the old key signed stay valid."))
    @click.option(
        "--algorithm",
        type=click.Choice(get_args(Algorithm)),
        help=_("Sign by it, not JWT_ALGORITHM, until a node starts."),
    )
    def rotate(algorithm: Algorithm | None) -> None:
        _changed(key_ring, lambda: key_ring.rotate(algorithm))

    @group.command("retire", help=_("Stop signing with a key. Tokens that it signed stay valid."))
    @click.argument("kid")
    def retire(kid: str) -> None:
        _changed(key_ring, lambda: _known(key_ring.retire, kid))

    @group.command("revoke", help=_("Refuse at once every token that a key has signed."))
    @click.argument("kid")
    def revoke(kid: str) -> None:
        _changed(key_ring, lambda: _known(key_ring.revoke, kid))

    @group.command(
        "delete",
        help=_("Delete a revoked key. Other keys are deleted after their last token has expired, without a command."),
    )
    @click.argument("kid")
    def delete(kid: str) -> None:
        _changed(key_ring, lambda: _known(key_ring.delete, kid))

    return group


def _known(change: Callable[[str], Ring], kid: str) -> Ring:
    try:
        return change(kid)
    except UnknownKey:
        raise click.ClickException(_("there is no key %(kid)r; `flask keys list` shows them", kid=kid)) from None
    except KeyInUse:
        raise click.ClickException(_("tokens of %(kid)s may still be valid; revoke it first", kid=kid)) from None


@naming_the_setting()
def _changed(key_ring: KeyRing, change: Callable[[], Ring]) -> None:
    """Change the ring, show it, and print when running nodes follow. This process cannot ask them."""
    _show(change())
    file, users = key_ring.followed()
    if users:
        click.echo(_("Nodes that read %(file)s as %(users)s follow within a second.", file=file, users=users))
    else:
        click.echo(_("Nodes that read %(file)s follow within a second.", file=file))


def _show(ring: Ring) -> None:
    for key in ring.keys:
        click.echo(f"{key.kid}  {key.alg:<5}  {key.state:<7}  {key.created_at}  {key.signed_until or '-'}")
