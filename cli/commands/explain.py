"""`freshet explain`: the story of a run."""

import click

from chalicelib.pipelines import PIPELINES
from chalicelib.services.stories import Explanation
from cli import reports
from cli.address import Wish
from cli.connection import Connection
from cli.documents import of_explanation
from cli.options import Tools, pass_tools, pipeline_argument, with_screen, with_wish
from cli.screen import Screen

LATEST = "latest"


@click.command()
@click.argument("wanted_id", metavar="ID")
@pipeline_argument(required=False)
@with_wish
@with_screen
@pass_tools
def explain(tools: Tools, *, screen: Screen, wish: Wish, wanted_id: str, pipeline: str | None) -> None:
    """Tell the whole story of a run.

    Every decision with its cause, evidence, actions and outcome, the jobs, the verdict, and where the files are. ID is
    that of a run or of its dataset version, as `freshet runs` lists them, or `latest`.
    """
    connection, now = tools.connect(wish), tools.clock.now()
    names = [pipeline] if pipeline else list(PIPELINES)
    found = _latest(connection, names) if wanted_id == LATEST else _by_id(connection, names, wanted_id)
    if found is None:
        where = pipeline or "any pipeline"
        raise click.BadParameter(f"there is no such run of {where}: `freshet runs` lists them", param_hint="ID")
    screen.show(of_explanation(found, now=now), lambda: reports.explanation(found, now=now))


def _by_id(connection: Connection, names: list[str], wanted_id: str) -> Explanation | None:
    return next((found for name in names if (found := connection.explain(name, wanted_id))), None)


def _latest(connection: Connection, names: list[str]) -> Explanation | None:
    newest = [story for name in names for story in connection.runs(name, 1)]
    if not newest:
        return None
    story = max(newest, key=lambda story: story.started or "")
    return connection.explain(story.pipeline, story.id)
