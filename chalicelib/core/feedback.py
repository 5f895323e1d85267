"""Labels that come after the prediction: a caller's request read strictly, and the line that is kept of each.

A request is ``{"inference_id", "index", "label"}`` or a list of at most 100. A label is one of the pipeline's, for
a regression a number. What is kept is SageMaker's ground-truth line. Its ``eventId`` is the inference id, which is what
SageMaker joins with captured requests; ``instanceIndex``, ours, says which of the request's instances is meant.
"""

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from chalicelib.core import inference
from chalicelib.core.bodies import Body, read_json, read_text
from chalicelib.core.container import JSON
from chalicelib.core.errors import InvalidRequestError, PayloadTooLargeError, UnfitLabelError
from chalicelib.core.spec import PipelineSpec
from chalicelib.core.values import to_number

MAX_LABELS = 100  # each is two writes, and all must be done within API Gateway's 29 s
_LONGEST_ID = "x" * 64  # characters: SageMaker API Reference, InvokeEndpoint, InferenceId
_LARGEST_INDEX = 2**32 - 1  # of more `training.ground_truth` makes no label
_LONGEST_NUMBER = repr(-1.7976931348623157e308)  # Python writes none that is longer
_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)  # of which a line says nothing
_MEMBERS = ("inference_id", "index", "label")


@dataclass(frozen=True)
class Feedback:
    """What a caller says of one instance; whether the label fits is not known yet."""

    inference_id: str
    index: int
    label: object


@dataclass(frozen=True)
class Label:
    """The label of one instance that we answered, as it is kept."""

    pipeline: str
    inference_id: str
    index: int
    value: str
    caller: str
    collected: datetime  # UTC

    def to_line(self) -> bytes:
        """Return SageMaker's ground-truth line."""
        field = io.StringIO()
        csv.writer(field, lineterminator="").writerow([self.value])
        line = {
            "groundTruthData": {"data": field.getvalue(), "encoding": "CSV"},
            "eventMetadata": {"eventId": self.inference_id, "instanceIndex": self.index},
            "eventVersion": "0",
        }
        return json.dumps(line).encode() + b"\n"


def parse_feedback(body: Body) -> tuple[Feedback, ...]:
    """Read a request.

    Raises
    ------
    UnsupportedMediaTypeError, PayloadTooLargeError, UnfitLabelError, InvalidRequestError
        With a message for the caller.
    """
    document = read_json(read_text(body, [JSON])[1])
    rows = document if isinstance(document, list) else [document]
    if not rows:
        raise InvalidRequestError("send at least one label")
    if len(rows) > MAX_LABELS:
        raise PayloadTooLargeError(f"the request has {len(rows)} labels; the limit is {MAX_LABELS}")
    labels = tuple(_feedback(number, row) for number, row in enumerate(rows))
    if len({(label.inference_id, label.index) for label in labels}) < len(labels):
        raise UnfitLabelError("two labels are for the same instance")
    return labels


def fit(spec: PipelineSpec, known: inference.Inference, feedback: Feedback) -> str:
    """Return a label as it is kept.

    Raises
    ------
    UnfitLabelError
        If the request held no such instance, or the label is none of the pipeline's.
    """
    if feedback.index >= known.count:
        raise UnfitLabelError(f"the request held {known.count} instances, counted from 0; there is no {feedback.index}")
    if spec.regression:
        number = None if isinstance(feedback.label, str) else to_number(feedback.label)
        if number is None:
            raise UnfitLabelError(f"a label of pipeline {spec.name} is a number within 32 bits")
        return repr(number)
    if not isinstance(feedback.label, str) or feedback.label not in spec.labels:
        raise UnfitLabelError(f"a label of pipeline {spec.name} is {' or '.join(map(repr, spec.labels))}")
    return feedback.label


def longest_line(spec: PipelineSpec) -> int:
    """Return how many bytes the line of a label of the pipeline has at most, as `Label.to_line` writes it."""
    values = spec.labels or (_LONGEST_NUMBER,)
    labels = (Label(spec.name, _LONGEST_ID, _LARGEST_INDEX, value, "", _ANY_TIME) for value in values)
    return max(len(label.to_line()) for label in labels)


def least_labels(spec: PipelineSpec, sizes: Mapping[str, int]) -> dict[str, int]:
    """Return of each file, whose size is in bytes, how many labels it holds at least: as if all lines were the longest.

    The price: a person's line that says more than it must, which is read all the same, may count for two.
    """
    longest = longest_line(spec)
    return {key: -(-size // longest) for key, size in sizes.items()}


def _feedback(number: int, row: object) -> Feedback:
    if not isinstance(row, dict) or row.keys() != set(_MEMBERS):
        raise UnfitLabelError(f"label {number} must be an object with exactly the members {', '.join(_MEMBERS)}")
    inference_id, index = row["inference_id"], row["index"]
    if not isinstance(inference_id, str):
        raise UnfitLabelError(f"label {number}: 'inference_id' must be a string")
    if not isinstance(index, int) or isinstance(index, bool) or index < 0:
        raise UnfitLabelError(f"label {number}: 'index' must be a whole number from 0")
    return Feedback(inference_id, index, row["label"])
