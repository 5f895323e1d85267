"""`shard`: from files of any accepted format to JSON Lines shards that a batch transform can cut between lines.

A transform that splits a CSV by line would cut quoted newlines and see the header once, so rows are rewritten first:
id (the row's number, from 1, over all files in the order of their names) and the input columns, never target or group.
Shards are bounded in size, so that several instances can share them.
"""

import logging
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from chalicelib.core import container
from chalicelib.core.spec import PipelineSpec
from chalicelib.core.values import Value
from training.channels import read_spec, to_line
from training.errors import BadValueError, RefusedDataError
from training.records import list_files, parse_records
from training.rows import parse_columns
from training.settings import Settings

SHARD_BYTES = 67_108_864
MAX_ROW_BYTES = 6_291_456 - 65_536  # one row must fit into one request of 6 MiB

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
    """Yield the rows of all files as JSON Lines."""
    needed = [column.name for column in spec.columns]
    rows = (row for path in files for row in parse_records(path, partial(_columns, spec), spec.intake, needed))
    for number, row in enumerate(rows, start=1):
        yield to_line({"id": str(number), **row})


def _columns(spec: PipelineSpec, values: Mapping[str, object]) -> dict[str, Value]:
    """Return the input columns; empty text is scored like any text: a batch must not fail for one silent row."""
    columns = parse_columns(spec, values, allow_empty=True)
    if len(to_line(columns)) > MAX_ROW_BYTES:
        raise BadValueError(f"the row has more than {MAX_ROW_BYTES} bytes")
    return columns
