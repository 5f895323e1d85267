"""Labels that come later: read strictly, and kept as SageMaker's ground truth."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.core.bodies import Body
from chalicelib.core.errors import InvalidRequestError, PayloadTooLargeError, UnfitLabelError
from chalicelib.core.feedback import MAX_LABELS, Feedback, Label, fit, least_labels, longest_line, parse_feedback
from chalicelib.core.inference import Inference
from chalicelib.core.places import ground_truth_key
from chalicelib.pipelines import PIPELINES

WHEN = datetime(2026, 1, 2, 3, 59, tzinfo=UTC)
ROW = {"inference_id": "an id", "index": 0, "label": "positive"}


def parse(document: object) -> tuple[Feedback, ...]:
    return parse_feedback(Body("application/json", json.dumps(document).encode()))


def test_one_or_many() -> None:
    """A request is one label, or a list of them in their order."""
    assert parse(ROW) == (Feedback("an id", 0, "positive"),)
    assert [label.index for label in parse([{**ROW, "index": index} for index in (2, 0, 1)])] == [2, 0, 1]
    assert len(parse([{**ROW, "index": index} for index in range(MAX_LABELS)])) == MAX_LABELS


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        ([], "at least one label"),
        (7, "label 0 must be an object with exactly the members inference_id, index, label"),
        ({**ROW, "text": "t"}, "exactly the members"),
        ({"inference_id": "a", "index": 0}, "exactly the members"),
        ([ROW, {**ROW, "inference_id": 7}], "label 1: 'inference_id' must be a string"),
        ({**ROW, "index": -1}, "'index' must be a whole number from 0"),
        ({**ROW, "index": True}, "'index' must be a whole number"),
        ({**ROW, "index": 0.0}, "'index' must be a whole number"),
        ([ROW, {**ROW, "label": "negative"}], "two labels are for the same instance"),
    ],
)
def test_refused(document: object, complaint: str) -> None:
    """What is no label is refused with its place and what to send."""
    with pytest.raises(InvalidRequestError, match=complaint):
        parse(document)


def test_too_many() -> None:
    """One label above the limit is too many."""
    with pytest.raises(PayloadTooLargeError, match=f"{MAX_LABELS + 1} labels; the limit is {MAX_LABELS}"):
        parse([{**ROW, "index": index} for index in range(MAX_LABELS + 1)])


@pytest.mark.parametrize(
    ("pipeline", "label", "kept"),
    [
        ("reviews", "negative", "negative"),
        ("income", ">50K", ">50K"),
        ("housing", 24, "24.0"),
        ("housing", 1e-3, "0.001"),
    ],
)
def test_labels_that_fit(pipeline: str, label: object, kept: str) -> None:
    """A label of the pipeline's, or a number for a regression, is kept as a file would hold it."""
    assert fit(PIPELINES[pipeline], Inference("i", pipeline, 1), Feedback("i", 0, label)) == kept


@pytest.mark.parametrize(
    ("pipeline", "label", "complaint"),
    [
        ("reviews", "good", "a label of pipeline reviews is 'negative' or 'positive'"),
        ("reviews", 1, "'negative' or 'positive'"),
        ("reviews", None, "'negative' or 'positive'"),
        ("reviews", ["positive"], "'negative' or 'positive'"),
        ("housing", "24", "is a number within 32 bits"),
        ("housing", True, "is a number"),
        ("housing", 1e39, "is a number"),
        ("housing", 10**400, "is a number"),
    ],
)
def test_labels_that_do_not_fit(pipeline: str, label: object, complaint: str) -> None:
    """Any other label is refused with those there are."""
    with pytest.raises(UnfitLabelError, match=complaint):
        fit(PIPELINES[pipeline], Inference("i", pipeline, 1), Feedback("i", 0, label))


@given(st.integers(1, 1000), st.integers(0, 2000))
def test_index(count: int, index: int) -> None:
    """An index is good for exactly the instances of the request."""
    known, feedback = Inference("i", "reviews", count), Feedback("i", index, "positive")
    if index < count:
        assert fit(PIPELINES["reviews"], known, feedback) == "positive"
    else:
        with pytest.raises(UnfitLabelError, match=f"held {count} instances"):
            fit(PIPELINES["reviews"], known, feedback)


def test_line() -> None:
    """A label is one line of SageMaker's ground truth, quoted where CSV needs it, under the hour in which it came."""
    label = Label("reviews", "an-id", 3, 'so, "so"', "ann", WHEN)
    line: dict[str, Any] = json.loads(label.to_line())
    assert label.to_line().endswith(b"\n")
    assert line == {
        "groundTruthData": {"data": '"so, ""so"""', "encoding": "CSV"},
        "eventMetadata": {"eventId": "an-id", "instanceIndex": 3},
        "eventVersion": "0",
    }
    key = ground_truth_key(label.pipeline, label.collected, label.inference_id, label.index)
    assert key == "ground-truth/reviews/2026/01/02/03/an-id-3.jsonl"


NUMBERS = st.floats(allow_nan=False, allow_infinity=False).map(repr)


@settings(deadline=None)
@given(st.data(), st.sampled_from(sorted(PIPELINES)), st.integers(1, 8))
def test_a_file_holds_no_fewer_labels_than_its_size_tells(data: st.DataObject, pipeline: str, count: int) -> None:
    """Whatever labels lie in a file, by whatever ids, its size never tells more than there are, and always one."""
    spec = PIPELINES[pipeline]
    values = NUMBERS if spec.regression else st.sampled_from(spec.labels)
    ids = st.text("0123456789abcdef-", min_size=1, max_size=64)
    labels = st.builds(Label, st.just(pipeline), ids, st.integers(0, 2**32 - 1), values, st.just("ann"), st.just(WHEN))
    lines = [data.draw(labels).to_line() for _ in range(count)]
    assert max(map(len, lines)) <= longest_line(spec)
    assert 1 <= least_labels(spec, {"a": len(b"".join(lines))})["a"] <= count


def test_a_large_file_holds_many_labels() -> None:
    """A file of ten thousand labels that we issued ids for counts for most of them, an empty one for none."""
    line = Label("reviews", f"{'0' * 32}-1-{'0' * 24}", 0, "positive", "ann", WHEN).to_line()
    least = least_labels(PIPELINES["reviews"], {"many": 10_000 * len(line), "empty": 0})
    assert 9_000 < least["many"] <= 10_000
    assert least["empty"] == 0
