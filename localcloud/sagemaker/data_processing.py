"""DataProcessing of a transform: which part of a record the model sees, and what of record and answer is stored.

A record is a line, or the whole object where nothing splits it. A CSV record is a row, joined by appending the row
that the model answered; a JSON record is an object that gets the answer as ``SageMakerOutput``, or, where it is not an
object, becomes one with ``SageMakerInput`` beside it. The texts of failures are AWS's as far as users reported them.

Source: SageMaker Developer Guide, "Associate Prediction Results with Input Records"; API Reference, DataProcessing.
"""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from localcloud.errors import AwsError, DataError
from localcloud.sagemaker.json_path import JsonPath
from localcloud.sagemaker.store import Data

_CSV = "text/csv"
_JSON = ("application/json", "application/jsonlines")
_OUTPUT, _INPUT = "SageMakerOutput", "SageMakerInput"


@dataclass(frozen=True)
class DataProcessing:
    """What is done to records and answers, all of one format."""

    input_filter: JsonPath
    output_filter: JsonPath
    join: bool
    is_csv: bool
    lines: bool  # a newline follows every stored record

    @classmethod
    def parse(cls, request: Data) -> "DataProcessing | None":
        """Read a transform job's DataProcessing; None if it changes nothing.

        Raises
        ------
        AwsError
            If a filter is none that SageMaker supports, or the formats cannot be processed.
        """
        asked = request.get("DataProcessing", {})
        filters = [JsonPath.parse(asked.get(member, "$"), member) for member in ("InputFilter", "OutputFilter")]
        join = asked.get("JoinSource", "None") == "Input"
        if not join and all(path.whole for path in filters):
            return None
        part, output = request["TransformInput"], request["TransformOutput"]
        given = _media_type(part.get("ContentType"))
        answered = _media_type(output.get("Accept", part.get("ContentType")))
        lines = output.get("AssembleWith", "None") == "Line"
        split = part.get("SplitType", "None")
        if not {given, answered} <= {_CSV, *_JSON} or split not in {"None", "Line"}:
            raise _refused(f"ContentType and Accept must be one of {_CSV}, {', '.join(_JSON)}, SplitType Line or None")
        if (given == _CSV) != (answered == _CSV):
            raise _refused(f"ContentType ({given}) and Accept ({answered}) must be one format")
        if given == _CSV and not (split == "Line" and lines):
            raise _refused(f"SplitType and AssembleWith must be Line for {_CSV}")
        if given == _CSV and not all(path.for_csv for path in filters):
            raise _refused("only index based JSONPaths can be applied to text/csv")
        return cls(filters[0], filters[1], join, given == _CSV, lines)

    def sent(self, record: bytes) -> bytes:
        """Return what the model gets of a record; raises DataError."""
        if self.input_filter.whole:
            return record
        ending = b"\n" if record.endswith(b"\n") else b""
        return self._write(self.input_filter.select(self._read(record, "input"))) + ending

    def stored(self, records: Sequence[bytes], answer: bytes) -> bytes:
        """Return what is stored of an answer to records; raises DataError."""
        answers = self._answers(answer, len(records))
        if self.join:
            if len(answers) != len(records):
                raise DataError("Fail to join data: mismatched line count between the input and the output")
            answers = [
                self._joined(self._read(record, "input"), one) for record, one in zip(records, answers, strict=True)
            ]
        return (b"\n" if self.lines else b"").join(self._write(self.output_filter.select(one)) for one in answers)

    def _answers(self, answer: bytes, count: int) -> list[Any]:
        if not self.is_csv and count == 1:
            return [self._read(answer, "output")]
        return [self._read(line, "output") for line in answer.split(b"\n") if line.strip()]

    def _joined(self, record: Any, answer: Any) -> Any:  # noqa: ANN401  JSON
        if self.is_csv:
            return [*record, *answer]
        return {**record, _OUTPUT: answer} if isinstance(record, dict) else {_INPUT: record, _OUTPUT: answer}

    def _read(self, text: bytes, side: str) -> Any:  # noqa: ANN401  JSON
        kind = "CSV" if self.is_csv else "JSON"
        try:
            if self.is_csv:
                return next(csv.reader([text.decode().rstrip("\r\n")], strict=True), [])
            return json.loads(text)
        except (ValueError, csv.Error) as error:
            source = "output from the algorithm" if side == "output" else "input"
            raise DataError(f"Failed to parse {source} as {kind}") from error

    def _write(self, value: Any) -> bytes:  # noqa: ANN401  JSON
        if not self.is_csv:
            return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
        row = io.StringIO()
        csv.writer(row, lineterminator="").writerow(value if isinstance(value, list) else [value])
        return row.getvalue().encode()


def _media_type(text: str | None) -> str:
    return (text or "").partition(";")[0].strip().lower()


def _refused(why: str) -> AwsError:
    return AwsError("ValidationException", f"DataProcessing: {why}")
