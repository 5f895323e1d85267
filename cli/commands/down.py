"""`freshet down`: stop the local cloud."""

from pathlib import Path

import click

from cli import environment, local, running
from cli.address import Wish, state_of
from cli.options import Tools, pass_tools, state_option, with_screen
from cli.screen import Screen


@click.command()
@state_option
@with_screen
@pass_tools
def down(tools: Tools, *, screen: Screen, state: Path | None) -> None:
    """Stop the local cloud; where none runs there is nothing to do."""
    folder = state_of(Wish(state), environment.read())
    cloud = running.find(folder)
    if cloud is None:
        screen.show({"stopped": False, "state": str(folder)}, lambda: f"no local cloud is running on {folder}")
        return
    gently = local.stop(cloud, tools.clock)
    words = f"stopped process {cloud.pid}" if gently else f"process {cloud.pid} did not stop in time and was killed"
    screen.show({"stopped": True, "pid": cloud.pid, "killed": not gently, "state": str(folder)}, lambda: words)
