import json
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.spec import PipelineSpec
from chalicelib.pipelines.housing import SPEC as HOUSING
from tests.training.labelled import label_line, put_files
from tests.training.monitor.captured import SPEC
from training.captured import Captured
from training.ground_truth import Labels, Taken, read_labels

ASKED = datetime(2026, 1, 1, 10, 30, tzinfo=UTC)
IDS = st.sampled_from(["one", "two", "three"])
LINES = st.lists(st.tuples(IDS, st.sampled_from(["bad", "good"]), st.integers(0, 3)), max_size=30)


def request(name: str, rows: int = 1, asked: datetime | None = ASKED) -> Captured:
    return Captured([{}] * rows, [], name, asked)


def read(folder: Path, content: bytes, spec: PipelineSpec = SPEC) -> Labels:
    put_files(folder, {"a.jsonl": content})
    return read_labels(folder, spec)


def event(**changes: Any) -> bytes:
    """Return a label's line with other members."""
    return json.dumps({**json.loads(label_line("one", "bad")), **changes}).encode() + b"\n"


def truth(data: object, encoding: str = "CSV") -> bytes:
    """Return a label's line with other contents."""
    return event(groundTruthData={"data": data, "encoding": encoding})


def test_a_label_meets_its_instance(tmp_path: Path) -> None:
    """A label is given to the request of its id and to the instance of its index, once, whoever asks again."""
    labels = read(tmp_path, label_line("two", "good", 1) + label_line("one", "bad"))
    assert labels.take(request("two", 3)) == [Taken(1, "good")]
    assert labels.take(request("two", 3)) == []
    assert labels.take(request("other")) == []
    assert labels.take(request("one")) == [Taken(0, "bad")]


def test_an_index_may_be_absent(tmp_path: Path) -> None:
    """A line as SageMaker has it, without our index, is a label of the request's first instance."""
    assert read(tmp_path, event(eventMetadata={"eventId": "one"})).take(request("one", 2)) == [Taken(0, "bad")]


@pytest.mark.parametrize(("text", "number"), [("1.5", 1.5), (" 2 ", 2.0), ('"3"', 3.0)])
def test_numbers_are_labels_of_a_regression(tmp_path: Path, text: str, number: float) -> None:
    """A regression's label is a number, written as in a file."""
    assert read(tmp_path, truth(text), HOUSING).take(request("one")) == [Taken(0, number)]


@pytest.mark.parametrize(
    ("damaged", "reason"),
    [
        (label_line("one", "good")[:40] + b"\n", "the line is not JSON"),
        (b"\xff\n", "the line is not JSON"),
        (b"[]\n", "the line is not a JSON object"),
        (b"{}\n", "there is no eventMetadata"),
        (event(eventMetadata={"eventId": 7}), "there is no eventId"),
        (event(eventMetadata={"eventId": ""}), "there is no eventId"),
        (event(eventMetadata={"eventId": "one", "instanceIndex": -1}), "instanceIndex is not a whole number from 0"),
        (event(eventMetadata={"eventId": "one", "instanceIndex": True}), "instanceIndex is not a whole number from 0"),
        (event(eventMetadata={"eventId": "one", "instanceIndex": 2**40}), "the request has no such instance"),
        (label_line("one", "good", 1), "the request has no such instance"),
        (event(groundTruthData=None), "there is no groundTruthData"),
        (truth("good", "JSON"), "groundTruthData is not CSV"),
        (truth(1), "groundTruthData is not CSV"),
        (truth('"good'), "groundTruthData is not CSV"),
        (truth(""), "groundTruthData is not one label"),
        (truth("good,good"), "groundTruthData is not one label"),
        (truth("good\nbad"), "groundTruthData is not one label"),
        (truth("excellent"), "column 'label' must be one of bad, good"),
    ],
)
def test_what_is_no_label_is_counted(tmp_path: Path, damaged: bytes, reason: str) -> None:
    """A line that is no label costs itself, is counted by its reason, and its neighbours are joined."""
    labels = read(tmp_path, label_line("one", "bad") + damaged + label_line("two", "good"))
    taken = [labels.take(request(name)) for name in ("one", "two")]
    assert taken == [[Taken(0, "bad")], [Taken(0, "good")]]
    assert (labels.summary()["labels"], labels.summary()["refused"]) == (3, {reason: 1})


def test_a_word_is_no_label_of_a_regression(tmp_path: Path) -> None:
    """What is no number is none of a regression's labels."""
    labels = read(tmp_path, truth("dear"), HOUSING)
    assert labels.take(request("one")) == []
    assert list(labels.summary()["refused"].values()) == [1]


def test_contradictions_are_no_labels(tmp_path: Path) -> None:
    """Of two different labels of an instance neither is used, in whatever files they are; the same twice is one."""
    put_files(tmp_path, {"a.jsonl": label_line("one", "bad") + label_line("two", "bad")})
    put_files(tmp_path, {"b.jsonl": label_line("one", "good") + label_line("two", "bad")})
    labels = read_labels(tmp_path, SPEC)
    assert [labels.take(request(name)) for name in ("one", "two")] == [[], [Taken(0, "bad")]]
    told = labels.summary()
    assert told["refused"] == {"two different labels of one instance": 2}
    assert (told["repeated"], told["unmatched"]) == (1, 0)


@given(LINES, st.lists(IDS, max_size=4), st.randoms(use_true_random=False))
def test_every_line_is_accounted_for(
    tmp_path_factory: pytest.TempPathFactory, lines: list[tuple[str, str, int]], asked: list[str], random: Random
) -> None:
    """Each line is joined, repeated, unmatched or refused, and their order changes neither counts nor what is given."""
    found = []
    for _ in range(2):
        content = b"".join(label_line(name, value, index) for name, value, index in lines)
        labels = read(tmp_path_factory.mktemp("labels"), content)
        taken = [labels.take(request(name, rows=2)) for name in asked]
        told = labels.summary()
        parts = told["joined"] + told["repeated"] + told["unmatched"] + sum(told["refused"].values())
        assert told["labels"] == len(lines) == parts
        assert told["joined"] == sum(map(len, taken))
        found.append((taken, told))
        random.shuffle(lines)
    assert found[0] == found[1]


@given(st.binary(max_size=300))
def test_no_bytes_are_fatal(tmp_path_factory: pytest.TempPathFactory, junk: bytes) -> None:
    """Whatever bytes stand in a file, the labels of the next one are read."""
    folder = tmp_path_factory.mktemp("labels")
    put_files(folder, {"a.jsonl": junk, "b.jsonl": label_line("one", "bad")})
    assert read_labels(folder, SPEC).take(request("one")) == [Taken(0, "bad")]


def test_the_share_with_labels_is_told(tmp_path: Path) -> None:
    """Coverage is the labelled share of all captured instances, those of requests captured twice included."""
    labels = read(tmp_path, label_line("one", "bad"))
    for one in (request("one", 2), request("one", 2), request("other", 4)):
        labels.take(one)
    assert (labels.summary()["captured"], labels.summary()["coverage"]) == (8, 0.25)


@pytest.mark.parametrize(
    ("path", "delay"),
    [
        ("2026/01/01/12/a.jsonl", 2 * 3600.0),  # half past twelve, on average
        ("pipeline/2026/01/01/12/a.jsonl", 2 * 3600.0),
        ("2026/01/01/09/a.jsonl", 0.0),
        ("a.jsonl", None),
        ("2026/13/01/12/a.jsonl", None),
        ("2026/01/01/12/more/a.jsonl", None),
    ],
)
def test_delays_are_told_where_paths_have_hours(tmp_path: Path, path: str, delay: float | None) -> None:
    """How long labels took is told where the file's path has SageMaker's hour, and left out where it has not."""
    put_files(tmp_path, {path: label_line("one", "bad")})
    labels = read_labels(tmp_path, SPEC)
    labels.take(request("one"))
    assert labels.summary().get("delay_s") == (None if delay is None else {"median": delay, "p90": delay})


def test_a_request_without_time_has_no_delay(tmp_path: Path) -> None:
    """A request whose time is not known is joined, and tells no delay."""
    put_files(tmp_path, {"2026/01/01/12/a.jsonl": label_line("one", "bad")})
    labels = read_labels(tmp_path, SPEC)
    assert labels.take(request("one", asked=None)) == [Taken(0, "bad")]
    assert "delay_s" not in labels.summary()


def test_the_earliest_of_equal_labels_tells_the_delay(tmp_path: Path) -> None:
    """Of a label that came twice the first hour counts."""
    for hour in (12, 11, 13):
        put_files(tmp_path, {f"2026/01/01/{hour}/a.jsonl": label_line("one", "bad")})
    labels = read_labels(tmp_path, SPEC)
    labels.take(request("one"))
    assert labels.summary()["delay_s"]["median"] == 3600.0
