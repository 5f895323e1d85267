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
from training.events import UnusableError, as_object, parse_event, parse_json, read_lines
from training.instances import parse_request
from training.records import list_files
from training.rows import parse_columns

CSV = "text/csv"
TEXT = "text/plain"
_WRONG = "endpointOutput holds no answers of ours"
_ANOTHER_VERSION = "answered by another version"


@dataclass(frozen=True)
class Captured:
    """One request: its rows, and what the model answered to each.

    ``called`` says which rows the model called positive, by whatever threshold it had; none of a regression's. ``id``
    is what labels name it by: the inference id that its caller gave it, else SageMaker's event id; empty if it has
    neither. ``asked`` is when, None if that is not known.
    """

    rows: Sequence[Mapping[str, Value]]
    scores: Sequence[float]
    id: str = ""
    asked: datetime | None = None
    called: Sequence[bool] = ()


@dataclass(frozen=True)
class Wanted:
    """Which captured requests belong to the window: of a version of the model, begun and not ended then.

    ``version`` is empty for any; times are None for no bound, and zone-aware else. Where no ``answers`` are wanted,
    nothing of them is read: there are no scores, any version will do, and a request without an answer too.
    """

    version: str = ""
    start: datetime | None = None
    end: datetime | None = None
    answers: bool = True


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
        """Return which share of the version's requests in the window was read.

        ``expected`` is how many there were of all versions, if known: it is counted by endpoint. Those that another
        version answered are seen to be none of ours, so a roll-out lowers no coverage. Which version answered those
        that have not come nobody knows: all of them are taken for ours.
        """
        known = self.read + self.unreadable.total()
        return self.read / max(1, known, (expected or 0) - self.left_out[_ANOTHER_VERSION])

    def shortfall(self, expected: int | None, least: float) -> str:
        """Return why too little of the window was read; empty if it is enough."""
        share = self.share(expected)
        if share >= least:
            return ""
        return f"{share:.1%} of the window's requests could be read, and {least:.1%} are asked for"

    def to_dict(self) -> dict[str, Any]:
        """Return the counts, JSON-ready."""
        return {
            "files": self.files,
            "empty_files": self.empty_files,
            "read": self.read,
            "left_out": dict(self.left_out),
            "unreadable": dict(self.unreadable),
        }


class _LeftOutError(Exception):
    """A line that does not belong to the window: why."""


def read_captured(folder: Path, spec: PipelineSpec, wanted: Wanted, coverage: Coverage) -> Iterator[Captured]:
    """Yield the requests in all files below a folder, in the order of the files' names; what is not read is counted."""
    for path in list_files(folder):
        coverage.files += 1
        lines = 0
        for line in read_lines(path):
            lines += 1
            try:
                captured = _parse(line, spec, wanted)
            except UnusableError as error:
                coverage.unreadable[str(error)] += 1
            except _LeftOutError as error:
                coverage.left_out[str(error)] += 1
            else:
                coverage.read += 1
                yield captured
        coverage.empty_files += lines == 0


def _parse(line: bytes | None, spec: PipelineSpec, wanted: Wanted) -> Captured:
    event = parse_event(line)
    metadata = event.get("eventMetadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    asked = _time(metadata)
    _check_time(asked, wanted)
    data = as_object(event.get("captureData"), "there is no captureData")
    request = _body(data, "endpointInput")
    answers = _answers(*_body(data, "endpointOutput"), spec, wanted.version) if wanted.answers else []
    rows = _rows(*request, spec)
    if wanted.answers and len(rows) != len(answers):
        raise UnusableError("there are not as many answers as instances")
    named = metadata.get("inferenceId") or metadata.get("eventId")
    return Captured(
        rows,
        [score for score, _ in answers],
        named if isinstance(named, str) else "",
        asked,
        [called for _, called in answers],
    )


def _time(metadata: Mapping[str, Any]) -> datetime | None:
    """Return when a request was asked; None without a zone too, since such a time cannot be compared."""
    try:
        time = datetime.fromisoformat(metadata["inferenceTime"])
    except (KeyError, TypeError, ValueError):
        return None
    return time if time.tzinfo else None


def _check_time(asked: datetime | None, wanted: Wanted) -> None:
    if wanted.start is None and wanted.end is None:
        return
    if asked is None:
        raise UnusableError("there is no inferenceTime with a zone")
    if (wanted.start is not None and asked < wanted.start) or (wanted.end is not None and asked >= wanted.end):
        raise _LeftOutError("asked outside the window")


def _body(data: Mapping[str, Any], side: str) -> tuple[str, str]:
    """Return the media type and text of one side."""
    half = as_object(data.get(side), f"there is no {side}")
    content, kind, encoding = half.get("data"), half.get("observedContentType", ""), half.get("encoding")
    if not isinstance(content, str) or not isinstance(kind, str):
        raise UnusableError(f"{side} has no data")
    media_type, _, parameters = kind.partition(";")
    if encoding == "BASE64":
        try:
            content = base64.b64decode(content, validate=True).decode(_charset(parameters))
        except (binascii.Error, LookupError, ValueError) as error:
            raise UnusableError(f"{side} is not base64 of text in its charset") from error
    elif encoding not in {"JSON", "CSV"}:
        raise UnusableError(f"{side} has an unknown encoding")
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
        raise UnusableError("endpointInput holds no instances of the spec's") from error
    raise UnusableError("endpointInput is of a type that is not read")


def _answers(media_type: str, body: str, spec: PipelineSpec, version: str) -> list[tuple[float, bool]]:
    """Return what was answered to each instance: its score, and whether it was called positive."""
    if media_type == container.JSON_LINES:
        found = [as_object(parse_json(line, _WRONG), _WRONG) for line in body.splitlines() if line.strip()]
        versions = {str(one.get("model_version", "")) for one in found}
    else:
        answer = as_object(parse_json(body, _WRONG), _WRONG)
        predictions = answer.get("predictions")
        if not isinstance(predictions, list):
            raise UnusableError(_WRONG)
        found, versions = [as_object(one, _WRONG) for one in predictions], {str(answer.get("model_version", ""))}
    if version and versions != {version}:
        raise _LeftOutError(_ANOTHER_VERSION)
    return [_answer(one, spec) for one in found]


def _answer(given: Mapping[str, Any], spec: PipelineSpec) -> tuple[float, bool]:
    number = given.get("value" if spec.regression else "score")
    if not isinstance(number, int | float) or isinstance(number, bool) or not math.isfinite(number):
        raise UnusableError(_WRONG)
    if not spec.regression and not 0 <= number <= 1:
        raise UnusableError(_WRONG)
    return float(number), not spec.regression and given.get("label") == spec.positive_label
