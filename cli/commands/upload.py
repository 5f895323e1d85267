"""`freshet upload`: put labelled files where they start a run."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import click

from chalicelib.core import places
from cli import render
from cli.address import Wish
from cli.documents import of_upload
from cli.options import (
    Tools,
    file_argument,
    pass_tools,
    patience_for,
    pipeline_argument,
    wait_options,
    with_screen,
    with_wish,
)
from cli.screen import Screen
from cli.sending import put
from cli.watch import Sight, outcome, watch


@click.command()
@pipeline_argument()
@file_argument(many=True)
@wait_options
@with_wish
@with_screen
@pass_tools
def upload(
    tools: Tools, *, screen: Screen, wish: Wish, pipeline: str, files: Sequence[Path], wait: bool, timeout: float
) -> None:
    """Upload labelled files: each becomes a dataset version, and a model that is live if all goes well.

    With --wait the exit code tells how it ended: 0 live (or replaced by a newer version), 4 refused, 5 failed, 124 not
    in time. With --json and --wait, each change is one JSON line.
    """
    connection = tools.connect(wish)
    uploads = [put(connection, path, places.upload_key(pipeline, path.name), screen) for path in files]
    if not wait:
        words = "\n".join(f"s3://{item.bucket}/{render.plain(item.key)}" for item in uploads)
        screen.show({"uploads": [of_upload(item) for item in uploads]}, lambda: words)
        return
    sights = tuple(Sight("run", pipeline, item, partial(connection.run_of, pipeline, item)) for item in uploads)
    patience = patience_for(connection, timeout)
    sights = watch(sights, patience, tools.clock, screen)
    for sight in sights:
        if sight.story and sight.story.metrics:
            screen.say()
            screen.say(render.metrics(sight.story))
    problem = outcome(sights, patience, connection.address)
    if problem:
        raise problem
