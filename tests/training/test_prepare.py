import csv
import gzip
import io
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.core.spec import PipelineSpec
from chalicelib.pipelines.housing import SPEC as HOUSING
from tests.training.sample import (
    csv_file,
    json_lines,
    make_homes,
    make_rows,
    parquet_file,
    read_lines,
    run_prepare,
    try_prepare,
)
from training.rows import Row

SEEN = ("seen/inputs.npy", "seen/groups.npy")
SIDES = ("train", "validation", "test")
FILES = ("train/rows.jsonl", "validation/rows.jsonl", "test/features.jsonl", "truth/labels.jsonl", "summary.json")


def to_csv(rows: list[dict[str, str]]) -> bytes:
    """Return rows as an upload in CSV."""
    out = io.StringIO()
    writer = csv.DictWriter(out, ["title", "label", "text"], lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def test_rows_come_out_on_their_sides(tmp_path: Path, spec: PipelineSpec) -> None:
    """Every distinct row is on one side, test rows carry no label, and truth has their ids in the same order."""
    rows = make_rows(300)
    out = run_prepare(tmp_path, spec, {"a.csv.gz": gzip.compress(to_csv(rows)), "b.jsonl": json_lines(rows[:20])})
    fitted = read_lines(out / FILES[0])
    validation, test, truth = (read_lines(out / name) for name in FILES[1:4])
    summary = json.loads((out / "summary.json").read_text())
    assert summary["rows"] == {
        "read": 320,
        "rejected": 0,
        "duplicates": 20,
        "leaked": 0,
        "left_out": 0,
        "train": len(fitted),
        "validation": len(validation),
        "test": len(test),
    }
    assert {frozenset(row) for row in test} == {frozenset({"id", "text"})}
    assert [row["id"] for row in test] == [row["id"] for row in truth]
    assert {row["text"] for row in [*fitted, *validation, *test]} == {row["text"] for row in rows}


def test_groups_never_straddle(tmp_path: Path, spec: PipelineSpec) -> None:
    """No film has reviews on two sides."""
    out = run_prepare(tmp_path, spec, {"a.jsonl": json_lines(make_rows(300))})
    sides = [{row["group"] for row in read_lines(out / name)} for name in (FILES[0], FILES[1], FILES[3])]
    assert sum(map(len, sides)) == len(set[str]().union(*sides))


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.randoms(use_true_random=False), st.integers(0, 200))
def test_order_files_and_repeats_change_no_byte(
    tmp_path_factory: pytest.TempPathFactory, spec: PipelineSpec, random: object, cut: int
) -> None:
    """The same rows shuffled, cut into two files of two formats, some twice, prepare to the same bytes."""
    rows = make_rows(200)
    shuffled = rows + rows[:30]
    random.shuffle(shuffled)  # type: ignore[attr-defined] # a random.Random
    base = tmp_path_factory.mktemp("order")
    one = run_prepare(base / "1", spec, {"a.jsonl": json_lines(rows)})
    parts = {"x.jsonl": json_lines(shuffled[:cut] or shuffled[:1]), "y.csv": to_csv(shuffled[cut:])}
    two = run_prepare(base / "2", spec, parts)
    assert all((one / name).read_bytes() == (two / name).read_bytes() for name in (*FILES[:3], *SEEN))
    truths = [[{**row, "source": ""} for row in read_lines(out / FILES[3])] for out in (one, two)]
    assert truths[0] == truths[1]
    digests = [json.loads((out / "summary.json").read_text())["content_digest"] for out in (one, two)]
    assert digests[0] == digests[1]


def test_side_never_depends_on_other_rows(tmp_path: Path, spec: PipelineSpec) -> None:
    """A row held out stays held out as data grow."""
    rows = make_rows(400)
    some = run_prepare(tmp_path / "1", spec, {"a.jsonl": json_lines(rows[:200])})
    more = run_prepare(tmp_path / "2", spec, {"a.jsonl": json_lines(rows)})
    for name in FILES[:4]:
        assert {row["id"] for row in read_lines(some / name)} <= {row["id"] for row in read_lines(more / name)}


def test_what_is_held_out_is_nowhere_else(tmp_path: Path, spec: PipelineSpec) -> None:
    """A text under many titles stays in the test rows, else in the validation rows, and is dropped from other sides."""
    shared = [{"text": "one text", "label": "positive", "title": f"copy {number}"} for number in range(60)]
    out = run_prepare(tmp_path, spec, {"a.jsonl": json_lines(make_rows(300) + shared)})
    sides = [[row["text"] for row in read_lines(out / name)].count("one text") for name in FILES[:3]]
    assert sides[:2] == [0, 0]
    assert sides[2] > 0
    counts = json.loads((out / "summary.json").read_text())["rows"]
    assert counts["leaked"] == 60 - sides[2]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.builds(
            lambda text, label, title: {"text": f"text {text}", "label": label, "title": title and f"film {title}"},
            st.integers(0, 9),
            st.sampled_from(["negative", "positive"]),
            st.integers(0, 20),
        ),
        max_size=60,
    )
)
def test_held_out_stays_held_out_as_data_grow(
    tmp_path_factory: pytest.TempPathFactory, spec: PipelineSpec, more: list[dict[str, object]]
) -> None:
    """Texts under other titles, with other labels or without one: no side sees another's, and no test row leaves."""
    base, held = tmp_path_factory.mktemp("grow"), set[str]()
    for count in sorted({0, len(more) // 3, len(more)}):
        content = json_lines(make_rows(200)) + "".join(json.dumps(row) + "\n" for row in more[:count]).encode()
        out = run_prepare(base / str(count), spec, {"a.jsonl": content})
        texts = [{row["text"] for row in read_lines(out / name)} for name in FILES[:3]]
        assert sum(map(len, texts)) == len(set[str]().union(*texts))
        test = {row["id"] for row in read_lines(out / FILES[2])}
        assert held <= test
        held = test


def test_digests_tell_what_the_model_may_see(tmp_path: Path, spec: PipelineSpec) -> None:
    """The digests are sorted, distinct, those of the training and validation rows, and none of a held-out row's."""
    out = run_prepare(tmp_path, spec, {"a.jsonl": json_lines(make_rows(300))})
    inputs, groups = (np.load(out / name, allow_pickle=False) for name in SEEN)
    rows = [
        Row({"text": row["text"]}, row["label"], row["group"]) for name in FILES[:2] for row in read_lines(out / name)
    ]
    assert inputs.tolist() == sorted({row.digests.inputs for row in rows})
    assert groups.tolist() == sorted({row.digests.group for row in rows})
    assert inputs.dtype == groups.dtype == np.uint64
    truth, features = read_lines(out / FILES[3]), read_lines(out / FILES[2])
    held = [Row({"text": row["text"]}, "", known["group"]).digests for row, known in zip(features, truth, strict=True)]
    assert [f"{row.inputs:016x}" for row in held] == [row["inputs"] for row in truth]
    assert not {row.inputs for row in held} & set(inputs.tolist())
    assert not {row.group for row in held} & set(groups.tolist())


def test_rows_without_groups_are_split_by_content(tmp_path: Path, spec: PipelineSpec) -> None:
    """Data without the group's column trains all the same: each row is a group of its own, of no digest."""
    rows = [{"text": row["text"], "label": row["label"]} for row in make_rows(200)]
    out = run_prepare(tmp_path, spec, {"a.jsonl": json_lines(rows)})
    summary = json.loads((out / "summary.json").read_text())
    assert summary["groups"] == {side: summary["rows"][side] for side in SIDES}
    assert summary["label_groups"] == summary["labels"]
    assert np.load(out / SEEN[1], allow_pickle=False).size == 0


def test_groups_are_counted_by_label(tmp_path: Path, spec: PipelineSpec) -> None:
    """The summary counts of each side the rows of a label, and the groups that they are in."""
    out = run_prepare(tmp_path, spec, {"a.jsonl": json_lines(make_rows(300))})
    summary = json.loads((out / "summary.json").read_text())
    for side, name in zip(SIDES, (FILES[0], FILES[1], FILES[3]), strict=True):
        rows = read_lines(out / name)
        for label in spec.labels:
            groups = [row["group"] for row in rows if row["label"] == label]
            assert summary["labels"][side][label] == len(groups)
            assert summary["label_groups"][side][label] == len(set(groups))


def test_files_of_all_formats_are_one_dataset(tmp_path: Path, spec: PipelineSpec) -> None:
    """Files of different formats come together; a held-out row names the file it came from, a copy's the first."""
    rows = make_rows(300)
    parts = {
        "1-a.csv": to_csv(rows[:100]),
        "2-b.jsonl.gz": gzip.compress(json_lines(rows[100:200])),
        "3-c.parquet": parquet_file(rows[150:]),
    }
    out = run_prepare(tmp_path / "parts", spec, parts)
    whole = run_prepare(tmp_path / "whole", spec, {"all.jsonl": json_lines(rows)})
    assert all((out / name).read_bytes() == (whole / name).read_bytes() for name in (*FILES[:3], *SEEN))
    places = {Row({"text": row["text"]}, row["label"], row["title"]).id: place for place, row in enumerate(rows)}
    truth = read_lines(out / FILES[3])
    assert {row["source"] for row in truth} == set(parts)
    assert all(row["source"] == [*parts][min(places[row["id"]] // 100, 2)] for row in truth)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"text,label\n", "a.csv: line 1: the file has no rows"),
        (b"review,label\ngood,positive\n", "a.csv: line 1: the header does not name the column 'text'"),
        (
            b"text,label\ngood,positive\nx,great\n,negative\n",
            "line 4: column 'text' is empty; bad rows: 2 of 3, allowed: 0 (1 %)",
        ),
        (
            b"text,label\n" + b"x,?\n" * 9,
            "lines 2, 3, 4, 5, 6 and 4 more: column 'label' must be one of negative, positive; bad rows: 9 of 9",
        ),
    ],
)
def test_files_with_bad_rows_are_refused(tmp_path: Path, spec: PipelineSpec, content: bytes, message: str) -> None:
    """A small file must be without fault: its bad rows refuse it, the first few listed, the rest counted."""
    _, refused = try_prepare(tmp_path, spec, {"a.csv": content})
    assert message in str(refused)


def test_a_refused_file_keeps_no_other_from_being_read(tmp_path: Path, spec: PipelineSpec) -> None:
    """All files are read: the summary lists every refused one with its reason and counts the rows; none are written."""
    files = {
        "0-a.csv": b"text,label\nx,great\n",
        "1-b.jsonl": json_lines(make_rows(100)) + b"{\n",
        "2-c.csv.gz": b"no gzip",
    }
    out, refused = try_prepare(tmp_path, spec, files)
    summary = json.loads((out / "summary.json").read_text())
    assert summary["refused_files"] == [
        {
            "file": "0-a.csv",
            "reason": "line 2: column 'label' must be one of negative, positive; bad rows: 1 of 1, allowed: 0 (1 %)",
        },
        {"file": "2-c.csv.gz", "reason": "line 1: the file is not gzip, as its name says"},
    ]
    assert refused == "; ".join(f"{told['file']}: {told['reason']}" for told in summary["refused_files"])
    assert summary["refused"] is None
    assert summary["rows"] == {"read": 102, "rejected": 2}
    assert [found["file"] for found in summary["rejected"]] == ["0-a.csv", "1-b.jsonl"]
    assert {path.name for path in out.rglob("*") if path.is_file()} == {"summary.json", "rejected.jsonl"}


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([row for row in make_rows(100) if row["label"] == "positive"], "no row has the label 'negative'"),
        (make_rows(100, groups=1), "rows of one group stay on one side"),
        (make_rows(2), "add rows"),
    ],
)
def test_hopeless_data_are_refused(
    tmp_path: Path, spec: PipelineSpec, rows: list[dict[str, str]], message: str
) -> None:
    """One label, one group or next to no rows cannot make a tested model: what is lacking is said beside the counts."""
    out, refused = try_prepare(tmp_path, spec, {"a.jsonl": json_lines(rows)})
    summary = json.loads((out / "summary.json").read_text())
    assert message in str(refused)
    assert (summary["refused"], summary["refused_files"]) == (refused, [])
    assert sum(map(sum, (labels.values() for labels in summary["labels"].values()))) == len(rows)
    assert {path.name for path in out.rglob("*") if path.is_file()} == {"summary.json", "rejected.jsonl"}


def test_nothing_uploaded_is_refused(tmp_path: Path, spec: PipelineSpec) -> None:
    """A job without a file says so."""
    assert try_prepare(tmp_path, spec, {})[1] == "there is no file to prepare"


def test_numbers_and_gaps_are_written_as_json(tmp_path: Path) -> None:
    """Prepared rows carry numbers as numbers, categories as strings and gaps as null; truth carries the target."""
    rows = make_homes(200)
    out = run_prepare(tmp_path, HOUSING, {"a.csv": csv_file(rows), "b.jsonl": json_lines(rows[:20])})
    prepared = [row for name in FILES[:3] for row in read_lines(out / name)]
    assert {type(row["RM"]) for row in prepared} == {float}
    assert {row["CHAS"] for row in prepared} == {"0", "1"}
    assert {type(row["AGE"]) for row in prepared} == {float, type(None)}
    assert {type(row["label"]) for row in read_lines(out / FILES[3])} == {float}
    summary = json.loads((out / "summary.json").read_text())
    assert summary["rows"]["duplicates"] == 20  # text and JSON hold the same rows
    low, high = summary["target"]["train"]
    assert 16 <= low < high <= 44


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([{**row, "MEDV": "24"} for row in make_homes(100)], "the training rows hold no two values of 'MEDV'"),
        (make_homes(2), "rows hold no two values of 'MEDV'"),
    ],
)
def test_regressions_need_two_values(tmp_path: Path, rows: list[dict[str, str]], reason: str) -> None:
    """What has one value only cannot be learnt, nor a model be tested on it."""
    assert reason in str(try_prepare(tmp_path, HOUSING, {"a.csv": csv_file(rows)})[1])
