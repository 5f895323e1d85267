"""`freshet drift`: compare what was captured of the live model with its baseline."""

from functools import partial

import click

from cli.address import Wish
from cli.asking import ask_for_look
from cli.options import Tools, pass_tools, patience_for, pipeline_argument, wait_options, with_screen, with_wish
from cli.screen import Screen
from cli.watch import Sight, see_out

_DAY = 24.0


@click.command()
@pipeline_argument()
@click.option(
    "--hours",
    type=click.FloatRange(min=0, min_open=True),
    default=_DAY,
    show_default=True,
    help="How far back the window goes, from now.",
)
@wait_options
@with_wish
@with_screen
@pass_tools
def drift(tools: Tools, *, screen: Screen, wish: Wish, pipeline: str, hours: float, wait: bool, timeout: float) -> None:
    """Check the live model for drift, now.

    The check is one like those of the schedule: its metrics are published, and an alarm may follow. With --wait the
    exit code tells what was found: 0 no drift, 3 drift, 4 not enough data, 5 failed, 124 not in time.
    """
    connection = tools.connect(wish)
    ask_id = connection.ask_for_check(pipeline, hours)
    ask_for_look(connection, pipeline)
    about = {"pipeline": pipeline, "ask_id": ask_id, "hours": hours}
    if not wait:
        screen.show(about, lambda: f"a drift check of {pipeline} is wished for: `freshet status` shows it")
        return
    sight = Sight("check", pipeline, f"drift {pipeline}", about, partial(connection.checked, pipeline, ask_id))
    see_out((sight,), patience_for(connection, timeout), tools.clock, screen, connection.address)
