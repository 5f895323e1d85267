"""`freshet approve`: approve a version that the gate held."""

import click

from cli.address import Wish
from cli.asking import ask_for_look
from cli.options import Tools, pass_tools, pipeline_argument, version_argument, with_screen, with_wish
from cli.screen import Screen


@click.command()
@pipeline_argument()
@version_argument
@with_wish
@with_screen
@pass_tools
def approve(tools: Tools, *, screen: Screen, wish: Wish, pipeline: str, version: int) -> None:
    """Approve a version; the newest that is approved is rolled out.

    Exit code 2: there is no such version.
    """
    connection = tools.connect(wish)
    connection.judge(pipeline, version, approved=True)
    ask_for_look(connection, pipeline)
    document = {"pipeline": pipeline, "version": version, "approved": True}
    screen.show(document, lambda: f"{pipeline}: version {version} is approved")
