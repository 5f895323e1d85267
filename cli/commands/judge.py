"""`freshet approve` and `freshet reject`: a person's word on a version."""

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

    A version that was marked bad may answer again. Exit code 2: there is no such version.
    """
    _judge(tools, screen, wish, pipeline=pipeline, version=version, approved=True)


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
    _judge(tools, screen, wish, pipeline=pipeline, version=version, approved=False)


def _judge(tools: Tools, screen: Screen, wish: Wish, *, pipeline: str, version: int, approved: bool) -> None:
    connection = tools.connect(wish)
    connection.judge(pipeline, version, approved=approved)
    ask_for_look(connection, pipeline)
    verdict = "approved" if approved else "rejected"
    document = {"pipeline": pipeline, "version": version, verdict: True}
    screen.show(document, lambda: f"{pipeline}: version {version} is {verdict}")
