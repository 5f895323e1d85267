import csv
import gzip
import io
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.core.spec import PipelineSpec
from chalicelib.pipelines.housing import SPEC as HOUSING
from tests.training.sample import csv_file, json_lines, make_homes, make_rows, read_lines, run_prepare
from training.errors import RefusedDataError, RefusedFileError

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
        "duplicates": 20,
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


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
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
    assert all((one / name).read_bytes() == (two / name).read_bytes() for name in FILES[:4])
    digests = [json.loads((out / "summary.json").read_text())["content_digest"] for out in (one, two)]
    assert digests[0] == digests[1]


def test_side_never_depends_on_other_rows(tmp_path: Path, spec: PipelineSpec) -> None:
    """A row held out stays held out as data grow."""
    rows = make_rows(400)
    some = run_prepare(tmp_path / "1", spec, {"a.jsonl": json_lines(rows[:200])})
    more = run_prepare(tmp_path / "2", spec, {"a.jsonl": json_lines(rows)})
    for name in FILES[:4]:
        assert {row["id"] for row in read_lines(some / name)} <= {row["id"] for row in read_lines(more / name)}


def test_rows_without_groups_are_split_by_content(tmp_path: Path, spec: PipelineSpec) -> None:
    """Data without the group's column trains all the same."""
    rows = [{"text": row["text"], "label": row["label"]} for row in make_rows(200)]
    out = run_prepare(tmp_path, spec, {"a.jsonl": json_lines(rows)})
    assert json.loads((out / "summary.json").read_text())["groups"] == {"train": 0, "validation": 0, "test": 0}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"text,label\n", "a.csv: line 1: the file has no rows"),
        (b"review,label\ngood,positive\n", "a.csv: line 2: column 'text' is missing"),
        (
            b"text,label\ngood,positive\nx,great\n,negative\n",
            "line 3: column 'label' must be one of negative, positive",
        ),
        (
            b"text,label\n" + b"x,?\n" * 9,
            "line 6: column 'label' must be one of negative, positive; and 4 more bad rows",
        ),
    ],
)
def test_files_with_bad_rows_are_refused(tmp_path: Path, spec: PipelineSpec, content: bytes, message: str) -> None:
    """Any bad row refuses its file; the first few are listed, the rest counted."""
    with pytest.raises(RefusedFileError) as caught:
        run_prepare(tmp_path, spec, {"a.csv": content})
    assert message in str(caught.value)


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
    """One label, one group or next to no rows cannot make a tested model, and the message says what is lacking."""
    with pytest.raises(RefusedDataError, match=message):
        run_prepare(tmp_path, spec, {"a.jsonl": json_lines(rows)})


def test_nothing_uploaded_is_refused(tmp_path: Path, spec: PipelineSpec) -> None:
    """A job without a file says so."""
    with pytest.raises(RefusedDataError, match="no file"):
        run_prepare(tmp_path, spec, {})


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
    with pytest.raises(RefusedDataError, match=reason):
        run_prepare(tmp_path, HOUSING, {"a.csv": csv_file(rows)})
