import json
import logging
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.core.spec import PipelineSpec
from chalicelib.pipelines.housing import SPEC as HOUSING
from tests.training.labelled import label_line, put_files, request_lines
from tests.training.monitor.captured import captured_line
from tests.training.sample import csv_file, json_lines, make_homes, make_rows, put_spec, read_lines, try_prepare
from training import prepare
from training.settings import Settings

FILES = ("train/rows.jsonl", "validation/rows.jsonl", "test/features.jsonl", "truth/labels.jsonl")
CLEAN = [{"text": row["text"], "label": row["label"]} for row in make_rows(200, seed=3)]


def run(
    base: Path, spec: PipelineSpec, uploads: dict[str, bytes], captured: dict[str, bytes], labels: dict[str, bytes]
) -> tuple[Path, str | None]:
    """Prepare uploads together with captured requests and labels."""
    put_files(Settings(base).processing_input("capture"), captured)
    put_files(Settings(base).processing_input("ground-truth"), labels)
    return try_prepare(base, spec, uploads)


def summary(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / "summary.json").read_text())
    return found


def texts(out: Path) -> list[str]:
    return [row["text"] for name in FILES[:3] for row in read_lines(out / name)]


def test_labels_alone_are_a_dataset(tmp_path: Path, spec: PipelineSpec) -> None:
    """Captured rows with a label are prepared as uploaded ones are: without a file, what comes out is the same."""
    asked, labels = request_lines(CLEAN, "label", of_request=3)
    joined, refused = run(
        tmp_path / "1", spec, {}, {"e/v/2026/01/01/10/a.jsonl": b"".join(asked)}, {"a.jsonl": b"".join(labels)}
    )
    uploaded, _ = try_prepare(tmp_path / "2", spec, {"a.jsonl": json_lines(CLEAN)})
    assert refused is None
    assert all((joined / name).read_bytes() == (uploaded / name).read_bytes() for name in FILES[:3])
    assert summary(joined)["content_digest"] == summary(uploaded)["content_digest"]
    assert {row["source"] for row in read_lines(joined / FILES[3])} == {"feedback"}


def test_numbers_come_back_as_they_were(tmp_path: Path) -> None:
    """A regression's rows, with numbers, gaps and categories, are the same from labels as from a file."""
    homes = make_homes(200)
    rows = [
        {name: value if name == "CHAS" else float(value) if value else None for name, value in home.items()}
        for home in homes
    ]
    asked, labels = request_lines(rows, HOUSING.target, of_request=7)
    joined, _ = run(tmp_path / "1", HOUSING, {}, {"a.jsonl": b"".join(asked)}, {"a.jsonl": b"".join(labels)})
    uploaded, _ = try_prepare(tmp_path / "2", HOUSING, {"a.csv": csv_file(homes)})
    assert summary(joined)["content_digest"] == summary(uploaded)["content_digest"]


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 40), st.sampled_from([[], [""], ["2026"]]), st.integers(0, 100))
def test_without_labels_nothing_changes(
    tmp_path_factory: pytest.TempPathFactory, spec: PipelineSpec, requests: int, folders: list[str], seed: int
) -> None:
    """Whatever was captured, without labels every file is what it is without the channels, also the summary."""
    base, rows = tmp_path_factory.mktemp("none"), make_rows(200, seed)
    asked, _ = request_lines(make_rows(requests, seed + 1), "label")
    plain, _ = try_prepare(base / "1", spec, {"a.jsonl": json_lines(rows)})
    for folder in folders:
        (Settings(base / "2").processing_input("ground-truth") / folder).mkdir(parents=True)
    with_requests, _ = run(base / "2", spec, {"a.jsonl": json_lines(rows)}, {"a.jsonl": b"".join(asked)}, {})
    files = sorted(path.relative_to(plain) for path in plain.rglob("*") if path.is_file())
    assert files == sorted(path.relative_to(with_requests) for path in with_requests.rglob("*") if path.is_file())
    assert all((plain / name).read_bytes() == (with_requests / name).read_bytes() for name in files)


def test_labels_come_to_uploads(tmp_path: Path, spec: PipelineSpec) -> None:
    """Uploads and labels together are one dataset: each row names its source, and the digest is of all rows."""
    rows = make_rows(200)
    asked, labels = request_lines(CLEAN, "label")
    out, _ = run(
        tmp_path / "1",
        spec,
        {"a.jsonl": json_lines(rows)},
        {"a.jsonl": b"".join(asked)},
        {"2026/01/01/12/a.jsonl": b"".join(labels[:150]) + label_line("gone", "positive")},
    )
    told = summary(out)
    assert told["feedback"] == {
        "files": 1,
        "labels": 151,
        "joined": 150,
        "repeated": 0,
        "unmatched": 1,
        "refused": {},
        "captured": 200,
        "coverage": 0.75,
        "delay_s": {"median": 9_000.0, "p90": 9_000.0},
        "requests": {"files": 1, "empty_files": 0, "read": 200, "left_out": {}, "unreadable": {}},
    }
    assert [source["file"] for source in told["sources"]] == ["a.jsonl", "feedback"]
    assert told["sources"][1]["rows"] == 150 - sum(row["text"] in {r["text"] for r in rows} for row in CLEAN[:150])
    assert told["rows"]["read"] == 350
    alone, _ = try_prepare(tmp_path / "2", spec, {"a.jsonl": json_lines(rows), "b.jsonl": json_lines(CLEAN[:150])})
    assert told["content_digest"] == summary(alone)["content_digest"]


def test_what_may_not_be_learnt_from_is_set_aside(tmp_path: Path, spec: PipelineSpec) -> None:
    """A labelled row that an upload could not have is quarantined under its request's id, and refuses nothing."""
    asked, labels = request_lines([{"text": " ", "label": "positive"}, *CLEAN], "label")
    out, refused = run(tmp_path, spec, {}, {"a.jsonl": b"".join(asked)}, {"a.jsonl": b"".join(labels)})
    assert refused is None
    (row,) = read_lines(out / "rejected.jsonl")
    reason = "column 'text' is empty"
    assert row == {"file": "feedback", "line": 1, "reason": reason, "inference_id": "id-0", "index": 0}
    assert [(found["file"], found["reason"]) for found in summary(out)["rejected"]] == [("feedback", reason)]
    assert (summary(out)["rows"]["read"], summary(out)["rows"]["rejected"]) == (201, 1)


def test_what_a_model_answered_is_no_label(tmp_path: Path, spec: PipelineSpec) -> None:
    """Of captured rows only those with a line of ground truth are learnt from, whatever a model said of others."""
    asked, labels = request_lines(CLEAN, "label")
    out, _ = run(tmp_path, spec, {}, {"a.jsonl": b"".join(asked)}, {"a.jsonl": b"".join(labels[50:])})
    assert sorted(texts(out)) == sorted({row["text"] for row in CLEAN[50:]})


def test_contradicting_an_upload_is_as_two_uploads(tmp_path: Path, spec: PipelineSpec) -> None:
    """A captured row that is also uploaded, with another label, is treated as a second upload that says so."""
    other = [{**row, "label": "positive" if row["label"] == "negative" else "negative"} for row in CLEAN[:20]]
    asked, labels = request_lines(other, "label")
    uploads = {"a.jsonl": json_lines(CLEAN)}
    joined, _ = run(tmp_path / "1", spec, uploads, {"a.jsonl": b"".join(asked)}, {"a.jsonl": b"".join(labels)})
    twice, _ = try_prepare(tmp_path / "2", spec, {**uploads, "b.jsonl": json_lines(other)})
    assert all((joined / name).read_bytes() == (twice / name).read_bytes() for name in FILES[:3])
    assert len(texts(joined)) == len(CLEAN) + 20


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(0, 199), max_size=40, unique=True))
def test_what_is_held_out_stays_so(
    tmp_path_factory: pytest.TempPathFactory, spec: PipelineSpec, asked_again: list[int]
) -> None:
    """Texts uploaded under a title and asked about without one are on one side only, and no test row leaves."""
    base, rows = tmp_path_factory.mktemp("held"), make_rows(200)
    asked, labels = request_lines([{"text": rows[n]["text"], "label": rows[n]["label"]} for n in asked_again], "label")
    before, _ = try_prepare(base / "1", spec, {"a.jsonl": json_lines(rows)})
    after, _ = run(
        base / "2",
        spec,
        {"a.jsonl": json_lines(rows)},
        {"a.jsonl": b"".join(asked)},
        {"a.jsonl": b"".join(labels)} if labels else {},
    )
    sides = [{row["text"] for row in read_lines(after / name)} for name in FILES[:3]]
    assert sum(map(len, sides)) == len(set[str]().union(*sides))
    assert {row["text"] for row in read_lines(before / FILES[2])} <= sides[2]


def test_a_request_captured_twice_counts_once(tmp_path: Path, spec: PipelineSpec) -> None:
    """A request in two files, as a shadow variant has it, is one row of each instance, and no copy."""
    asked, labels = request_lines(CLEAN, "label")
    content = b"".join(asked)
    out, _ = run(
        tmp_path, spec, {}, {"e/main/a.jsonl": content, "e/shadow/a.jsonl": content}, {"a.jsonl": b"".join(labels)}
    )
    assert summary(out)["rows"]["duplicates"] == len(CLEAN) - len({row["text"] for row in CLEAN})
    assert (summary(out)["feedback"]["joined"], summary(out)["feedback"]["coverage"]) == (200, 1.0)


def test_labels_of_nothing_are_refused_in_words(tmp_path: Path, spec: PipelineSpec) -> None:
    """Labels of which no request was captured make no dataset, and the summary says how many they are."""
    out, refused = run(tmp_path, spec, {}, {}, {"a.jsonl": label_line("gone", "positive")})
    assert "no row has the label" in str(refused)
    assert summary(out)["feedback"]["unmatched"] == 1


def test_no_label_or_text_is_logged(tmp_path: Path, spec: PipelineSpec, caplog: pytest.LogCaptureFixture) -> None:
    """The job's log counts joined rows, and holds no text, label or id of them."""
    caplog.set_level(logging.INFO)
    bad = captured_line([{"text": "secret\0"}], [0.5], inference_id="id-bad")
    asked, labels = request_lines(CLEAN, "label")
    files = {"a.jsonl": b"".join([*labels, label_line("id-bad", "positive"), label_line("id-0", "negatively")])}
    settings = Settings(tmp_path)
    put_spec(settings.processing_input("spec"), spec)
    put_files(settings.processing_input("capture"), {"a.jsonl": b"".join([*asked, bad])})
    put_files(settings.processing_input("ground-truth"), files)
    assert prepare.run(settings) is None
    assert "prepare.joined rows=201 rejected=1" in caplog.text
    assert not any(word in caplog.text for word in ("secret", "positive", "negative", "id-"))
