"""Feedback: each label once, only for what we answered, and never half."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from chalicelib.core.bodies import Body
from chalicelib.core.errors import LabelTakenError, LimitReachedError, UnfitLabelError
from chalicelib.core.inference import issue
from chalicelib.pipelines import PIPELINES
from chalicelib.services.feedback import FeedbackDesk, Receipt
from tests.chalicelib.fake_ledger import KEY, FakeKeys, FakeLabels

NOW = datetime(2026, 1, 2, 3, 59, 30, tzinfo=UTC)
OURS = issue(KEY, "reviews", str(UUID(int=1)), 3)


@pytest.fixture
def labels() -> FakeLabels:
    return FakeLabels()


@pytest.fixture
def desk(labels: FakeLabels) -> FeedbackDesk:
    return FeedbackDesk(PIPELINES, FakeKeys(), labels, per_hour=5)


def say(index: int = 0, label: object = "positive", inference_id: str = OURS) -> dict[str, object]:
    return {"inference_id": inference_id, "index": index, "label": label}


def body(*rows: dict[str, object]) -> Body:
    return Body("application/json", json.dumps(list(rows)).encode())


def test_taken(desk: FeedbackDesk, labels: FakeLabels) -> None:
    """A label is claimed in the ledger and written where ground truth lies."""
    assert desk.take("ann", body(say(0), say(2, "negative")), NOW) == Receipt(2, 0)
    assert [label.value for label in labels.rows.values()] == ["positive", "negative"]
    assert list(labels.lines) == [
        f"ground-truth/reviews/2026/01/02/03/{OURS}-0.jsonl",
        f"ground-truth/reviews/2026/01/02/03/{OURS}-2.jsonl",
    ]


def test_repeated(desk: FeedbackDesk, labels: FakeLabels) -> None:
    """The same label again, an hour later and from another caller, changes nothing and is no error."""
    desk.take("ann", body(say()), NOW)
    kept, lines = dict(labels.rows), dict(labels.lines)
    assert desk.take("ben", body(say()), NOW + timedelta(hours=1)) == Receipt(0, 1)
    assert (labels.rows, labels.lines) == (kept, lines)


def test_another_label(desk: FeedbackDesk, labels: FakeLabels) -> None:
    """Another label for an instance that has one is refused, and the first stays."""
    desk.take("ann", body(say()), NOW)
    with pytest.raises(LabelTakenError, match=f"instance 0 of {OURS} has another label already"):
        desk.take("ann", body(say(label="negative")), NOW)
    assert [label.value for label in labels.rows.values()] == ["positive"]
    assert len(labels.lines) == 1


def test_crash_between_the_writes(desk: FeedbackDesk, labels: FakeLabels) -> None:
    """After a crash between claim and line, the same label finishes the line under its first hour, another cannot."""
    labels.broken = True
    with pytest.raises(ConnectionAbortedError):
        desk.take("ann", body(say()), NOW)
    labels.broken = False
    assert labels.lines == {}
    later = NOW + timedelta(hours=5)
    with pytest.raises(LabelTakenError):
        desk.take("ann", body(say(label="negative")), later)
    assert labels.lines == {}
    assert desk.take("ann", body(say()), later) == Receipt(0, 1)
    assert list(labels.lines) == [f"ground-truth/reviews/2026/01/02/03/{OURS}-0.jsonl"]


@pytest.mark.parametrize(
    "row",
    [
        say(inference_id="x"),
        say(inference_id=OURS[:-1] + ("0" if OURS[-1] != "0" else "1")),
        say(inference_id=OURS.replace("-3-", "-9-")),
        say(inference_id=issue(b"another key", "reviews", str(UUID(int=1)), 3)),
        say(inference_id=issue(KEY, "nobody", str(UUID(int=1)), 3)),
        say(3),
        say(label="good"),
    ],
)
def test_not_ours(desk: FeedbackDesk, labels: FakeLabels, row: dict[str, object]) -> None:
    """A label for what we did not answer, or that does not fit, keeps none of its request, nor counts any."""
    with pytest.raises(UnfitLabelError):
        desk.take("ann", body(say(1), row), NOW)
    assert not labels.rows
    assert not labels.counts


def test_limit(desk: FeedbackDesk, labels: FakeLabels) -> None:
    """A caller's hour holds so many labels; the next says when there is more. Others have their own."""
    many = issue(KEY, "reviews", str(UUID(int=2)), 9)
    desk.take("ann", body(*(say(index, inference_id=many) for index in range(4))), NOW)
    with pytest.raises(LimitReachedError, match="5 labels an hour") as reached:
        desk.take("ann", body(say(4, inference_id=many), say(5, inference_id=many)), NOW)
    assert reached.value.retry_after_s == 31
    assert len(labels.rows) == 4
    desk.take("ann", body(say(4, inference_id=many)), NOW)
    desk.take("ben", body(say(5, inference_id=many), say(6, inference_id=many)), NOW)
    desk.take("ann", body(say(7, inference_id=many)), NOW + timedelta(seconds=31))


def test_a_request_beyond_the_limit_is_never_taken(desk: FeedbackDesk) -> None:
    """A request that alone is more than the hour's limit is refused at once."""
    with pytest.raises(LimitReachedError):
        replace(desk, per_hour=1).take("ann", body(say(0), say(1)), NOW)
