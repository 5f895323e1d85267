"""`freshet plan`: what would happen next, and why."""

import click
from rich.console import Group

from chalicelib.pipelines import PIPELINES
from cli import reports
from cli.address import Wish
from cli.documents import of_plan
from cli.options import Tools, pass_tools, pipeline_argument, with_screen, with_wish
from cli.screen import Screen


@click.command()
@pipeline_argument(required=False)
@with_wish
@with_screen
@pass_tools
def plan(tools: Tools, *, screen: Screen, wish: Wish, pipeline: str | None) -> None:
    """Show what would happen next, and why; nothing is done."""
    connection = tools.connect(wish)
    names = [pipeline] if pipeline else list(PIPELINES)
    found = [(name, area, planned) for name in names for area, planned in connection.plan(name).items()]
    document = {"plans": [of_plan(name, area, planned) for name, area, planned in found]}
    screen.show(document, lambda: Group(*(reports.plan(name, area, planned) for name, area, planned in found)))
