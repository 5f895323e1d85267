"""`freshet retrain`: ask for a run."""

from functools import partial

import click

from cli.address import Wish
from cli.asking import ask_for_look
from cli.options import Tools, pass_tools, patience_for, pipeline_argument, wait_options, with_screen, with_wish
from cli.screen import Screen
from cli.watch import Sight, see_out


@click.command()
@pipeline_argument()
@click.option("--force", is_flag=True, help="Also if the same files and recipe ended well before.")
@wait_options
@with_wish
@with_screen
@pass_tools
def retrain(
    tools: Tools, *, screen: Screen, wish: Wish, pipeline: str, force: bool, wait: bool, timeout: float
) -> None:
    """Ask for a run on the files that are there.

    While another is active, the wish waits for its end. With --wait the exit code tells what came of it: 0 live, or
    nothing was started because there is nothing new to learn from, 3 not promoted, 4 refused, 5 failed, 124 not in
    time.
    """
    connection = tools.connect(wish)
    wish_id = connection.retrain(pipeline, forced=force)
    ask_for_look(connection, pipeline)
    about = {"pipeline": pipeline, "wish_id": wish_id, "forced": force}
    if not wait:
        screen.show(about, lambda: f"a run of {pipeline} is wished for: `freshet status` and `freshet runs` show it")
        return
    sight = Sight("run", pipeline, f"retrain {pipeline}", about, partial(connection.wished, pipeline, wish_id))
    see_out((sight,), patience_for(connection, timeout), tools.clock, screen, connection.address)
