"""`freshet reject`: reject a version."""

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
def reject(tools: Tools, *, screen: Screen, wish: Wish, pipeline: str, version: int) -> None:
    """Reject a version; if it answers, the one before takes over.

    Exit code 2: there is no such version.
    """
    connection = tools.connect(wish)
    connection.judge(pipeline, version, approved=False)
    ask_for_look(connection, pipeline)
    document = {"pipeline": pipeline, "version": version, "rejected": True}
    screen.show(document, lambda: f"{pipeline}: version {version} is rejected")
