"""`shard`: from files of any accepted format to JSON Lines shards that a batch transform can cut between lines.

A transform that splits a CSV by line would cut quoted newlines and see the header once, so rows are rewritten first:
id (the row's number, from 1, over all files in the order of their names) and the input columns, never target or group.
Shards are bounded in size, so that several instances can share them.
"""

import logging
from collections.abc import Iterator
from pathlib import Path

from chalicelib.core import container
from chalicelib.core.spec import PipelineSpec
from training.channels import read_spec, to_line
from training.errors import BadRow, BadValueError, RefusedDataError, RefusedFileError
from training.records import list_files, read_records
from training.rows import parse_columns
from training.settings import Settings

SHARD_BYTES = 67_108_864
MAX_ROW_BYTES = 6_291_456 - 65_536  # one row must fit into one request of 6 MiB
MAX_LISTED = 5

logger = logging.getLogger(__name__)


def run(settings: Settings, shard_bytes: int = SHARD_BYTES) -> None:
    """Write the shards of the job's input files.

    Raises
    ------
    RefusedFileError, RefusedDataError
        If a file has bad rows, or there is nothing to score.
    """
    spec = read_spec(settings.processing_input(container.SPEC))
    out = settings.processing_output(container.SHARDS)
    out.mkdir(parents=True, exist_ok=True)
    shards = 0
    lines = _lines(spec, list_files(settings.processing_input(container.RAW)))
    line = next(lines, None)
    if line is None:
        raise RefusedDataError("there is no row to score")
    while line is not None:
        with (out / f"part-{shards:05d}.jsonl").open("wb") as file:
            while line is not None and (file.tell() == 0 or file.tell() + len(line) <= shard_bytes):
                file.write(line)
                line = next(lines, None)
        shards += 1
    logger.info("shard.done shards=%d", shards)


def _lines(spec: PipelineSpec, files: list[Path]) -> Iterator[bytes]:
    """Yield the rows of all files as JSON Lines; a file with bad rows is refused at its end."""
    number = 0
    for path in files:
        bad: list[BadRow] = []
        for record in read_records(path):
            number += 1
            try:
                # Empty text is scored like any text: a batch must not fail for one silent row.
                line = to_line({"id": str(number), **parse_columns(spec, record.read(), allow_empty=True)})
            except BadValueError as error:
                bad.append(BadRow(record.line, str(error)))
                continue
            if len(line) > MAX_ROW_BYTES:
                bad.append(BadRow(record.line, f"the row has more than {MAX_ROW_BYTES} bytes"))
            else:
                yield line
        if bad:
            raise RefusedFileError(path.name, bad[:MAX_LISTED], more=max(0, len(bad) - MAX_LISTED))
