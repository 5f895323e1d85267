"""SageMaker's files of events, captured requests and labels that came later: a line of JSON for each.

A file may be cut, empty, or no text at all. Nothing of that is fatal: a line that cannot be used is one with a reason,
in words of ours, which whoever reads the file counts. A line is held in memory, a file never.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

MAX_LINE = 64 * 1024**2  # bytes; both bodies of a request have 6 MiB at most, and base64 adds a third
_TOO_LONG = "the line is too long"


class UnusableError(Exception):
    """A line that cannot be used: why, in words that repeat nothing of it."""


def read_lines(path: Path) -> Iterator[bytes | None]:
    """Yield a file's lines but for blank ones; None stands for one that is too long, and is passed over."""
    with path.open("rb") as file:
        while line := file.readline(MAX_LINE):
            if len(line) == MAX_LINE and not line.endswith(b"\n"):
                while line and not line.endswith(b"\n"):
                    line = file.readline(MAX_LINE)
                yield None
            elif line.strip():
                yield line


def parse_event(line: bytes | None) -> Mapping[str, Any]:
    """Return a line's event.

    Raises
    ------
    UnusableError
        If it is no JSON object.
    """
    if line is None:
        raise UnusableError(_TOO_LONG)
    return as_object(parse_json(line, "the line is not JSON"), "the line is not a JSON object")


def parse_json(text: str | bytes, wrong: str) -> object:
    """Return a JSON value, or raise `UnusableError` with ``wrong``."""
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError) as error:  # not JSON or not UTF-8, too many digits, or nested without end
        raise UnusableError(wrong) from error
    return value


def as_object(value: object, wrong: str) -> Mapping[str, Any]:
    """Return a JSON object, or raise `UnusableError` with ``wrong``."""
    if not isinstance(value, dict):
        raise UnusableError(wrong)
    return value
