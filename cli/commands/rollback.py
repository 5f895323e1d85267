"""`freshet rollback`: go back to an earlier version."""

from functools import partial

import click

from cli.address import Wish
from cli.asking import ask_for_look
from cli.options import Tools, pass_tools, patience_for, pipeline_argument, wait_options, with_screen, with_wish
from cli.screen import Screen
from cli.watch import Sight, see_out


@click.command()
@pipeline_argument()
@click.option("--to", type=click.IntRange(min=1), metavar="VERSION", help="Which one (default: the one before).")
@wait_options
@with_wish
@with_screen
@pass_tools
def rollback(
    tools: Tools, *, screen: Screen, wish: Wish, pipeline: str, to: int | None, wait: bool, timeout: float
) -> None:
    """Go back to an earlier version.

    The present one is marked bad, and the earlier one answers until a newer version than all of today's is approved.
    With --wait the exit code tells how it ended: 0 the version answers (or a newer one replaced it), 3 its roll-out was
    undone, 5 failed, 124 not in time. Exit code 2: there is no version to go back to.
    """
    connection = tools.connect(wish)
    version = connection.roll_back(pipeline, to)
    ask_for_look(connection, pipeline)
    about = {"pipeline": pipeline, "version": version}
    if not wait:
        screen.show(about, lambda: f"{pipeline}: version {version} is wanted from now on")
        return
    name = f"{pipeline}, version {version}"
    sight = Sight("roll-out", pipeline, name, about, partial(connection.version_of, pipeline, version))
    see_out((sight,), patience_for(connection, timeout), tools.clock, screen, connection.address)
