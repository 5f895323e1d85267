"""`freshet batch`: score a file with the model that is live."""

from pathlib import Path

import click

from chalicelib.core import places
from cli import documents, tables
from cli.address import Wish
from cli.connection import Connection
from cli.errors import CliError
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
from cli.watch import Sight, of_upload, see_out


@click.command()
@pipeline_argument()
@file_argument()
@click.option(
    "--output",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Write the scores here, as JSON Lines in the order of the rows (implies --wait).",
)
@wait_options
@with_wish
@with_screen
@pass_tools
def batch(
    tools: Tools,
    *,
    screen: Screen,
    wish: Wish,
    pipeline: str,
    file: Path,
    output: Path | None,
    wait: bool,
    timeout: float,
) -> None:
    """Score a file with the model that is live now; labels in it are ignored.

    With --wait the exit code tells how it ended: 0 scored, 4 refused, 5 failed, 124 not in time. With --json and
    --wait, each change is one JSON line, and the last one says where the scores are.
    """
    if output and not output.parent.is_dir():
        raise click.BadParameter(f"{output.parent} is not a folder", param_hint="--output")
    connection = tools.connect(wish)
    upload = put(connection, file, places.batch_input_key(pipeline, file.name), screen)
    if not (wait or output):
        screen.show(documents.of_upload(upload), lambda: f"s3://{upload.bucket}/{tables.plain(upload.key)}")
        return
    sight = of_upload("batch", pipeline, upload, connection.batch_of)
    (sight,) = see_out((sight,), patience_for(connection, timeout), tools.clock, screen, connection.address)
    _deliver(connection, sight, output, screen)


def _deliver(connection: Connection, sight: Sight, output: Path | None, screen: Screen) -> None:
    story = sight.story
    if story is None or story.result_prefix is None:
        raise CliError(f"the batch of {tables.plain(sight.name)} ended without saying where its scores are")
    where = f"s3://{connection.address.stage.bucket_name}/{story.result_prefix}"
    document: dict[str, object] = {"event": "scores", "uri": where}
    words = f"scores: {where}"
    if output:
        try:
            lines = connection.fetch(story.result_prefix, output)
        except OSError as error:
            raise CliError(f"{output} cannot be written: {error.strerror}; the scores are at {where}") from error
        document |= {"output": str(output), "lines": lines}
        words = f"scores: {lines:,} lines in {output}"
    screen.show(document, lambda: words)
