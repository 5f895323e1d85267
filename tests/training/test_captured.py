import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.spec import PipelineSpec
from tests.training.monitor.captured import SPEC, captured_line, in_base64, line, make_rows, side
from training import events
from training.captured import Captured, Coverage, Wanted, read_captured

ROWS, SCORES = make_rows(3, seed=0)
GOOD = captured_line(ROWS, SCORES)
ASKED = datetime(2026, 1, 1, 10, tzinfo=UTC)
CAPTURED = Captured(ROWS, SCORES, "e", ASKED, [True] * 3)
ANY = Wanted()
ANSWER = side(json.dumps({"model_version": "7", "predictions": [{"label": "bad", "score": 0.25}]}), "application/json")


def read(folder: Path, spec: PipelineSpec, wanted: Wanted = ANY) -> tuple[list[Captured], Coverage]:
    coverage = Coverage()
    return list(read_captured(folder, spec, wanted, coverage)), coverage


@pytest.mark.parametrize(
    "asked",
    [
        side('{"instances": [{"text": "caf\\u00e9"}]}', "application/json"),
        side('{"text": "caf\\u00e9", "id": 1}\n', "application/jsonlines"),
        side('"café"\r\n', "text/csv", "CSV"),
        side(in_base64("café", "utf-8"), "text/plain; charset=utf-8", "BASE64"),
        side(in_base64("café", "latin-1"), 'text/plain; Charset="ISO-8859-1"', "BASE64"),
        side(in_base64("café", "utf-16"), "text/plain; charset=utf-16", "BASE64"),
        side(in_base64('{"instances": [{"text": "café"}]}', "utf-8"), "application/json; charset=utf-8", "BASE64"),
    ],
)
def test_every_encoding_is_read(tmp_path: Path, spec: PipelineSpec, asked: dict[str, str]) -> None:
    """JSON, JSON Lines, CSV and text, plain and in base64 with a charset, are the same row."""
    (tmp_path / "a.jsonl").write_bytes(line(asked, ANSWER))
    assert read(tmp_path, spec) == (
        [Captured([{"text": "café"}], [0.25], "e", ASKED, [False])],
        Coverage(files=1, read=1),
    )


@pytest.mark.parametrize(
    ("damaged", "reason"),
    [
        (GOOD[:50] + b"\n", "the line is not JSON"),
        (b"\xff\xfe\n", "the line is not JSON"),
        (b"[" * 100_000 + b"\n", "the line is not JSON"),
        (b"1\n", "the line is not a JSON object"),
        (b"{}\n", "there is no captureData"),
        (b'{"captureData": {}}\n', "there is no endpointInput"),
        (b'{"captureData": {"endpointInput": {"data": "x", "encoding": "JSON"}}}\n', "there is no endpointOutput"),
        (line(side("x", "text/plain", "BASE64"), ANSWER), "endpointInput is not base64 of text in its charset"),
        (line(side("/w==", "text/plain", "BASE64"), ANSWER), "endpointInput is not base64 of text in its charset"),
        (
            line(side("eA==", "text/plain; charset=nonsense", "BASE64"), ANSWER),
            "endpointInput is not base64 of text in its charset",
        ),
        (line(side("x", "text/plain", "ROT13"), ANSWER), "endpointInput has an unknown encoding"),
        (line(side("x", "text/plain"), ANSWER), "endpointInput is of a type that is not read"),
        (line(side("[]", "application/json"), ANSWER), "endpointInput holds no instances of the spec's"),
        (line(side("1,2", "text/csv", "CSV"), ANSWER), "endpointInput holds no instances of the spec's"),
        (captured_line(ROWS, SCORES[:2]), "there are not as many answers as instances"),
        (captured_line(ROWS, [float("nan")] * 3), "endpointOutput holds no answers of ours"),
        (captured_line(ROWS, [0.5, 1.5, 0.5]), "endpointOutput holds no answers of ours"),
        (line(side("x", "application/json"), side("<html>", "text/html")), "endpointOutput holds no answers of ours"),
    ],
)
def test_what_cannot_be_read_is_counted(tmp_path: Path, damaged: bytes, reason: str) -> None:
    """A damaged line costs itself and is counted by its reason; its neighbours are read."""
    (tmp_path / "a.jsonl").write_bytes(GOOD + damaged + GOOD)
    found, coverage = read(tmp_path, SPEC)
    assert found == [CAPTURED] * 2
    assert coverage.unreadable == {reason: 1}
    assert coverage.share(None) == pytest.approx(2 / 3)


@given(st.binary(max_size=200), st.integers(0, len(GOOD)))
def test_nothing_is_fatal(tmp_path_factory: pytest.TempPathFactory, junk: bytes, cut: int) -> None:
    """Whatever bytes stand in a file, and wherever it is cut, reading goes on to the next file."""
    folder = tmp_path_factory.mktemp("captured")
    (folder / "a.jsonl").write_bytes(junk + b"\n" + GOOD[:cut])
    (folder / "b.jsonl").write_bytes(GOOD)
    assert read(folder, SPEC)[0][-1] == CAPTURED


def test_files_late_and_empty(tmp_path: Path) -> None:
    """Files at any depth are read in the order of their names; empty ones are counted."""
    for name, rows in {"2026/01/02/00/a.jsonl": 1, "2026/01/01/23/b.jsonl": 2, "2026/01/01/22/c.jsonl": 0}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(captured_line(ROWS[:rows], SCORES[:rows]) if rows else b"")
    found, coverage = read(tmp_path, SPEC)
    assert [len(captured.rows) for captured in found] == [2, 1]
    assert (coverage.files, coverage.empty_files) == (3, 1)


def test_what_is_not_of_the_window(tmp_path: Path) -> None:
    """Requests of another time or version are left out, which lowers no coverage; one without a time does."""
    wanted = Wanted(
        "7",
        datetime.fromisoformat("2026-01-01T10:00:00Z"),
        datetime.fromisoformat("2026-01-01T11:00:00Z"),
    )
    other = GOOD.replace(b"T10:00", b"T11:00") + GOOD.replace(b"T10:00:00Z", b"T09:59:59Z")
    zoneless = GOOD.replace(b"T10:00:00Z", b"T10:00:00")
    (tmp_path / "a.jsonl").write_bytes(GOOD + other + captured_line(ROWS, SCORES, version="6") + zoneless)
    found, coverage = read(tmp_path, SPEC, wanted)
    assert len(found) == coverage.read == 1
    assert coverage.left_out == {"asked outside the window": 2, "answered by another version": 1}
    assert coverage.unreadable == {"there is no inferenceTime with a zone": 1}
    assert coverage.share(None) == 0.5


@pytest.mark.parametrize(
    ("ours", "theirs", "damaged", "expected", "share"),
    [
        (80, 20, 0, None, 1.0),
        (80, 20, 0, 100, 1.0),
        (80, 0, 0, 100, 0.8),
        (40, 10, 0, 100, 40 / 90),
        (60, 20, 20, 100, 0.75),
        (80, 20, 0, 50, 1.0),
        (0, 100, 0, 100, 0.0),
        (0, 0, 0, 0, 0.0),
    ],
    ids=["unknown", "rolled out", "late", "rolled out and late", "damaged", "more than known", "theirs", "none"],
)
def test_share_of_what_was_asked(ours: int, theirs: int, damaged: int, expected: int | None, share: float) -> None:
    """What has not come is taken for ours; what another version answered is awaited of us no more."""
    coverage = Coverage(read=ours)
    coverage.left_out = Counter({"answered by another version": theirs, "asked outside the window": 1_000})
    coverage.unreadable["the line is too long"] += damaged
    assert coverage.share(expected) == pytest.approx(share)


def test_a_line_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line of more than a request can have is passed over without being held in memory."""
    monkeypatch.setattr(events, "MAX_LINE", len(GOOD) + 1)
    (tmp_path / "a.jsonl").write_bytes(GOOD + b"x" * 5 * len(GOOD) + b"\n" + GOOD)
    found, coverage = read(tmp_path, SPEC)
    assert len(found) == 2
    assert coverage.unreadable == {"the line is too long": 1}


@pytest.mark.parametrize(("metadata", "name"), [({"inferenceId": "i"}, "i"), ({}, "e"), ({"eventId": 1}, "")])
def test_a_request_has_the_name_that_labels_use(tmp_path: Path, metadata: dict[str, object], name: str) -> None:
    """A request is called by the inference id of its caller, else by SageMaker's event id, as Model Monitor has it."""
    event = json.loads(GOOD)
    event["eventMetadata"] |= metadata
    (tmp_path / "a.jsonl").write_text(json.dumps(event))
    (found,) = read(tmp_path, SPEC)[0]
    assert (found.id, found.asked) == (name, ASKED)


def test_answers_that_nobody_wants_are_not_read(tmp_path: Path) -> None:
    """Where only requests are wanted, one whose answer is missing or no answer of ours counts like any other."""
    (halved := json.loads(GOOD))["captureData"].pop("endpointOutput")
    failed = line(json.loads(GOOD)["captureData"]["endpointInput"], side("<html>", "text/html"))
    (tmp_path / "a.jsonl").write_bytes(GOOD + json.dumps(halved).encode() + b"\n" + failed)
    found, coverage = read(tmp_path, SPEC, Wanted(answers=False))
    assert [(one.rows, one.scores) for one in found] == [(ROWS, [])] * 3
    assert coverage.unreadable == {}
