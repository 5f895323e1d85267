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
from tests.training.sample import csv_file, json_lines, make_homes, make_rows, read_lines, run_prepare
from training.errors import RefusedDataError, RefusedFileError
from training.rows import Row

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


def test_what_is_held_out_is_nowhere_else(tmp_path: Path, spec: PipelineSpec) -> None:
    """A text under many titles stays in the test rows, else in the validation rows, and is dropped from other sides."""
    shared = [{"text": "one text", "label": "positive", "title": f"copy {number}"} for number in range(60)]
    out = run_prepare(tmp_path, spec, {"a.jsonl": json_lines(make_rows(300) + shared)})
    sides = [[row["text"] for row in read_lines(out / name)].count("one text") for name in FILES[:3]]
    assert sides[:2] == [0, 0]
    assert sides[2] > 0
    counts = json.loads((out / "summary.json").read_text())["rows"]
    assert counts["leaked"] == 60 - sides[2]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
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


def test_digests_tell_what_a_side_holds(tmp_path: Path, spec: PipelineSpec) -> None:
    """Each side's digests of inputs and groups are sorted, distinct, and those of its rows; no two sides share one."""
    out = run_prepare(tmp_path, spec, {"a.jsonl": json_lines(make_rows(300))})
    seen: list[int] = []
    for side in ("train", "validation", "truth"):
        inputs, groups = (np.load(out / side / name, allow_pickle=False) for name in ("inputs.npy", "groups.npy"))
        if side == "truth":
            truth = read_lines(out / FILES[3])
            digests = [(int(row["inputs"], 16), Row({}, "", row["group"]).digests.group) for row in truth]
        else:
            rows = [
                Row({"text": row["text"]}, row["label"], row["group"]) for row in read_lines(out / side / "rows.jsonl")
            ]
            digests = [(row.digests.inputs, row.digests.group) for row in rows]
        assert inputs.tolist() == sorted({own for own, _ in digests})
        assert groups.tolist() == sorted({group for _, group in digests})
        assert inputs.dtype == groups.dtype == np.uint64
        seen += [*inputs.tolist(), *groups.tolist()]
    assert len(seen) == len(set(seen))


def test_rows_without_groups_are_split_by_content(tmp_path: Path, spec: PipelineSpec) -> None:
    """Data without the group's column trains all the same."""
    rows = [{"text": row["text"], "label": row["label"]} for row in make_rows(200)]
    out = run_prepare(tmp_path, spec, {"a.jsonl": json_lines(rows)})
    assert json.loads((out / "summary.json").read_text())["groups"] == {"train": 0, "validation": 0, "test": 0}


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
