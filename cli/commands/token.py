"""`freshet token`: who may write over HTTP. A token is shown once, when it is made; only its digest is kept."""

import click

from cli import tables
from cli.address import Wish
from cli.errors import CliError
from cli.options import Tools, pass_tools, with_screen, with_wish
from cli.screen import Screen

name_argument = click.argument("name", metavar="NAME")


@click.group()
def token() -> None:
    """Make, list and end the tokens of those who may write (`POST /feedback`)."""


@token.command()
@name_argument
@with_wish
@with_screen
@pass_tools
def create(tools: Tools, *, screen: Screen, wish: Wish, name: str) -> None:
    """Make a token for a caller and show it, this once."""
    made = tools.connect(wish).gatekeeper.create(name, tools.clock.now())
    screen.show(
        {"name": name, "token": made}, lambda: tables.pairs({"token": made, "use": f"Authorization: Bearer {made}"})
    )
    screen.say("\nIt is shown only now: only its digest is kept.")


@token.command("list")
@with_wish
@with_screen
@pass_tools
def list_(tools: Tools, *, screen: Screen, wish: Wish) -> None:
    """List the tokens: whose they are, since when, and the begin of their digests."""
    found = tools.connect(wish).gatekeeper.list()
    document = {
        "tokens": [
            {"name": one.name, "fingerprint": one.fingerprint, "created": one.created.isoformat()} for one in found
        ]
    }
    screen.show(
        document,
        lambda: (
            tables.pairs({one.fingerprint: f"{one.name}, since {one.created:%Y-%m-%d %H:%M} UTC" for one in found})
            if found
            else "no tokens yet: `freshet token create NAME`"
        ),
    )


@token.command()
@name_argument
@with_wish
@with_screen
@pass_tools
def revoke(tools: Tools, *, screen: Screen, wish: Wish, name: str) -> None:
    """End all tokens of a caller; API Gateway lets them in for up to five minutes more."""
    ended = tools.connect(wish).gatekeeper.revoke(name)
    if not ended:
        raise CliError(f"{name} has no token: `freshet token list` shows who has")
    screen.show(
        {"name": name, "revoked": ended}, lambda: f"{ended} of {name} ended; it may open for up to five minutes more"
    )
