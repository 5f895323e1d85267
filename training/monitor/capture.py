"""Reads what SageMaker captured of an endpoint: a line of JSON for each request, with its answer.

Nothing that stands in a file is fatal. A line that is cut, of another version of the model, or without its other half,
a body that is not what its header says: each is counted by its reason, in words of ours, and a check says how much of
the window it has seen. Bodies come as text (``JSON``, ``CSV``) or as ``BASE64`` in the charset of their content type;
a CSV body has no header and its fields in the order of the spec's columns, as SageMaker's own algorithms have it. What
is read are rows as the server read them, and the model's score of each (of a regression, its value).

The price: a request that was captured twice is counted twice.
"""

import base64
import binascii
import csv
import io
import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from chalicelib.core import container
from chalicelib.core.spec import PipelineSpec
from chalicelib.core.values import Value
from training.errors import BadValueError, RequestError
from training.instances import parse_request
from training.records import list_files
from training.rows import parse_columns

MAX_LINE = 64 * 1024**2  # bytes; both bodies have 6 MiB at most, and base64 adds a third
CSV = "text/csv"
TEXT = "text/plain"


@dataclass(frozen=True)
class Captured:
    """One request: its rows, and what the model answered to each.

    ``id`` is what a row is named by: the inference id that its caller gave it, else SageMaker's event id; empty if it
    has neither.
    """

    rows: Sequence[Mapping[str, Value]]
    scores: Sequence[float]
    id: str = ""


@dataclass(frozen=True)
class Wanted:
    """Which captured requests belong to the window: of a version of the model, begun and not ended then.

    ``version`` is empty for any; times are None for no bound, and zone-aware else.
    """

    version: str = ""
    start: datetime | None = None
    end: datetime | None = None


@dataclass
class Coverage:
    """How much of the captured files was read: lines that were not are counted by reason, others are `left_out`.

    Of the left out there is nothing to see: they belong to another window, or were answered by another version.
    """

    files: int = 0
    empty_files: int = 0
    read: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    unreadable: Counter[str] = field(default_factory=Counter)

    def share(self, expected: int | None) -> float:
        """Return which share of the window's requests was read; ``expected`` is how many there were, if known."""
        known = self.read + self.unreadable.total()
        return self.read / max(1, known, expected or 0)

    def to_dict(self) -> dict[str, Any]:
        """Return the counts, JSON-ready."""
        return {
            "files": self.files,
            "empty_files": self.empty_files,
            "read": self.read,
            "left_out": dict(self.left_out),
            "unreadable": dict(self.unreadable),
        }


class _UnreadableError(Exception):
    """A line that cannot be used: why."""


class _LeftOutError(Exception):
    """A line that does not belong to the window: why."""


def read_captured(folder: Path, spec: PipelineSpec, wanted: Wanted, coverage: Coverage) -> Iterator[Captured]:
    """Yield the requests in all files below a folder, in the order of the files' names; what is not read is counted."""
    for path in list_files(folder):
        coverage.files += 1
        lines = 0
        for line in _lines(path, coverage):
            lines += 1
            try:
                captured = _parse(line, spec, wanted)
            except _UnreadableError as error:
                coverage.unreadable[str(error)] += 1
            except _LeftOutError as error:
                coverage.left_out[str(error)] += 1
            else:
                coverage.read += 1
                yield captured
        coverage.empty_files += lines == 0


def _lines(path: Path, coverage: Coverage) -> Iterator[bytes]:
    with path.open("rb") as file:
        while line := file.readline(MAX_LINE):
            if len(line) == MAX_LINE and not line.endswith(b"\n"):
                coverage.unreadable["the line is too long"] += 1
                while line and not line.endswith(b"\n"):
                    line = file.readline(MAX_LINE)
            elif line.strip():
                yield line


def _parse(line: bytes, spec: PipelineSpec, wanted: Wanted) -> Captured:
    event = _object(_json(line, "the line is not JSON"), "the line is not a JSON object")
    _check_time(event, wanted)
    data = _object(event.get("captureData"), "there is no captureData")
    asked, answered = (_body(data, side) for side in ("endpointInput", "endpointOutput"))
    scores = _scores(*answered, spec, wanted.version)
    rows = _rows(*asked, spec)
    if len(rows) != len(scores):
        raise _UnreadableError("there are not as many answers as instances")
    metadata = event.get("eventMetadata")
    named = (metadata.get("inferenceId") or metadata.get("eventId")) if isinstance(metadata, dict) else ""
    return Captured(rows, scores, named if isinstance(named, str) else "")


def _check_time(event: Mapping[str, Any], wanted: Wanted) -> None:
    if wanted.start is None and wanted.end is None:
        return
    try:
        time = datetime.fromisoformat(event["eventMetadata"]["inferenceTime"])
        early = wanted.start is not None and time < wanted.start
        late = wanted.end is not None and time >= wanted.end
    except (KeyError, TypeError, ValueError) as error:  # a time without a zone cannot be compared
        raise _UnreadableError("there is no inferenceTime with a zone") from error
    if early or late:
        raise _LeftOutError("asked outside the window")


def _body(data: Mapping[str, Any], side: str) -> tuple[str, str]:
    """Return the media type and text of one side."""
    half = _object(data.get(side), f"there is no {side}")
    content, kind, encoding = half.get("data"), half.get("observedContentType", ""), half.get("encoding")
    if not isinstance(content, str) or not isinstance(kind, str):
        raise _UnreadableError(f"{side} has no data")
    media_type, _, parameters = kind.partition(";")
    if encoding == "BASE64":
        try:
            content = base64.b64decode(content, validate=True).decode(_charset(parameters))
        except (binascii.Error, LookupError, ValueError) as error:
            raise _UnreadableError(f"{side} is not base64 of text in its charset") from error
    elif encoding not in {"JSON", "CSV"}:
        raise _UnreadableError(f"{side} has an unknown encoding")
    return media_type.strip().lower() or (CSV if encoding == "CSV" else container.JSON), content


def _charset(parameters: str) -> str:
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip('"')
    return "utf-8"


def _rows(media_type: str, body: str, spec: PipelineSpec) -> Sequence[Mapping[str, Value]]:
    try:
        if media_type in {container.JSON, container.JSON_LINES}:
            return parse_request(spec, media_type, body.encode(errors="surrogatepass")).rows
        if media_type == CSV:
            names = [column.name for column in spec.columns]
            fields = [row for row in csv.reader(io.StringIO(body, newline=""), strict=True) if row]
            return [parse_columns(spec, dict(zip(names, row, strict=True)), allow_empty=True) for row in fields]
        if media_type == TEXT and spec.text_column is not None:
            return [{spec.text_column: body}]
    except (RequestError, BadValueError, csv.Error, ValueError) as error:  # ValueError: other than as many fields
        raise _UnreadableError("endpointInput holds no instances of the spec's") from error
    raise _UnreadableError("endpointInput is of a type that is not read")


def _scores(media_type: str, body: str, spec: PipelineSpec, version: str) -> list[float]:
    wrong = "endpointOutput holds no answers of ours"
    if media_type == container.JSON_LINES:
        found = [_object(_json(line, wrong), wrong) for line in body.splitlines() if line.strip()]
        versions = {str(one.get("model_version", "")) for one in found}
    else:
        answer = _object(_json(body, wrong), wrong)
        predictions = answer.get("predictions")
        if not isinstance(predictions, list):
            raise _UnreadableError(wrong)
        found, versions = [_object(one, wrong) for one in predictions], {str(answer.get("model_version", ""))}
    if version and versions != {version}:
        raise _LeftOutError("answered by another version")
    numbers = [one.get("value" if spec.regression else "score") for one in found]
    return [_finite(number, wrong) for number in numbers]


def _finite(number: object, wrong: str) -> float:
    if isinstance(number, int | float) and not isinstance(number, bool) and math.isfinite(number):
        return float(number)
    raise _UnreadableError(wrong)


def _json(text: str | bytes, wrong: str) -> object:
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError) as error:  # not JSON or not UTF-8, too many digits, or nested without end
        raise _UnreadableError(wrong) from error
    return value


def _object(value: object, wrong: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise _UnreadableError(wrong)
    return value
