"""`freshet runs`: the newest runs and what came out."""

import click

from chalicelib.pipelines import PIPELINES
from cli import render
from cli.address import Wish
from cli.documents import of_story
from cli.options import Tools, pass_tools, pipeline_argument, with_screen, with_wish
from cli.screen import Screen


@click.command()
@pipeline_argument(required=False)
@click.option("--limit", type=click.IntRange(min=1), default=10, show_default=True, help="At most so many a pipeline.")
@with_wish
@with_screen
@pass_tools
def runs(tools: Tools, *, screen: Screen, wish: Wish, pipeline: str | None, limit: int) -> None:
    """Show the newest runs of a pipeline, or of all."""
    connection, now = tools.connect(wish), tools.clock.now()
    names = [pipeline] if pipeline else list(PIPELINES)
    found = {name: connection.runs(name, limit) for name in names}
    document = {"runs": [of_story(story, now=now) for stories in found.values() for story in stories]}
    if screen.as_json:
        screen.line(document)
        return
    for name, stories in found.items():
        if len(names) > 1:
            screen.say(name)
        screen.say(
            render.runs(stories, now=now, width=screen.console.width)
            if stories
            else f"no runs yet: `freshet upload {name} FILE`"
        )
