"""`freshet upload`: put labelled files where they start a run."""

from collections.abc import Sequence
from pathlib import Path

import click

from chalicelib.core import places
from cli import documents, tables
from cli.address import Wish
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
from cli.watch import of_upload, see_out


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
    """Upload labelled files to learn from.

    A model learns from them and those of before, and is live if all goes well. Files that come while a run is active
    wait for the next one, which takes them all. With --wait the exit code tells how it ended: 0 live (or replaced by a
    newer version, or superseded by a newer upload), 3 not promoted (held, rejected or rolled back), 4 refused, 5
    failed, 124 not in time. With --json and --wait, each change is one JSON line.
    """
    connection = tools.connect(wish)
    uploads = [put(connection, path, places.upload_key(pipeline, path.name), screen) for path in files]
    if not wait:
        words = "\n".join(f"s3://{item.bucket}/{tables.plain(item.key)}" for item in uploads)
        screen.show({"uploads": [documents.of_upload(item) for item in uploads]}, lambda: words)
        return
    sights = tuple(of_upload("run", pipeline, item, connection.run_of) for item in uploads)
    see_out(sights, patience_for(connection, timeout), tools.clock, screen, connection.address)
