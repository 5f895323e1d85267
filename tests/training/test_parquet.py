import decimal
import io
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chalicelib.core.spec import Intake
from tests.training.sample import parquet_file
from training.errors import RefusedFileError
from training.lines import UNSUSPICIOUS
from training.records import Record, read_records

ROOT = Path(__file__).parents[2]
DEFAULT = Intake()
WHOLE = parquet_file([{"text": f"text {number}", "label": "x"} for number in range(500)])


def read(folder: Path, content: bytes, intake: Intake = DEFAULT, *, optional: tuple[str, ...] = ()) -> list[Record]:
    """Read an upload of the column `text`."""
    path = folder / "a.parquet"
    path.write_bytes(content)
    return list(read_records(path, intake, ["text"], optional))


def refusal(folder: Path, content: bytes, intake: Intake = DEFAULT) -> str:
    """Return why an upload is refused."""
    with pytest.raises(RefusedFileError) as caught:
        read(folder, content, intake)
    return str(caught.value)


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        (["a", None, "é"], pa.string(), ["a", None, "é"]),
        (["a", None, "a"], pa.large_string(), ["a", None, "a"]),
        (["a", None, "a"], pa.dictionary(pa.int8(), pa.string()), ["a", None, "a"]),
        ([1, None, -2], pa.int64(), [1, None, -2]),
        ([1, None, 2**64 - 1], pa.uint64(), [1, None, 2**64 - 1]),
        ([0.5, None, -2.0], pa.float32(), [0.5, None, -2.0]),
        ([True, None, False], pa.bool_(), [True, None, False]),
        ([decimal.Decimal("1.50"), None, decimal.Decimal("-0.25")], pa.decimal128(5, 2), [1.5, None, -0.25]),
        ([None, None, None], pa.null(), [None, None, None]),
    ],
)
def test_values_are_those_of_json(tmp_path: Path, values: list[Any], kind: pa.DataType, expected: list[Any]) -> None:
    """Strings, numbers, true, false and null come as from JSON, rows by their number."""
    content = parquet_file([{"text": value} for value in values], pa.schema([("text", kind)]))
    records = read(tmp_path, content)
    found = [record.values["text"] for record in records]
    assert found == expected
    assert [type(value) for value in found] == [type(value) for value in expected]
    assert [record.line for record in records] == [1, 2, 3]


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (["a"], pa.list_(pa.string())),
        ({"a": 1}, pa.struct([("a", pa.int64())])),
        (b"a", pa.binary()),
        (datetime(2026, 1, 1, tzinfo=UTC), pa.timestamp("us", "UTC")),
    ],
)
def test_other_kinds_are_refused(tmp_path: Path, value: object, kind: pa.DataType) -> None:
    """A wanted column that is nested, binary or a time refuses the file; one that nobody reads does not matter."""
    content = parquet_file([{"text": value, "odd": value}], pa.schema([("text", kind), ("odd", kind)]))
    assert refusal(tmp_path, content) == (
        "a.parquet: line 1: column 'text' holds neither text nor numbers: write it as one of them"
    )
    content = parquet_file([{"text": "x", "odd": value}], pa.schema([("text", pa.string()), ("odd", kind)]))
    assert [record.values for record in read(tmp_path, content)] == [{"text": "x"}]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "line 1: the file is not Parquet, as its name says"),
        (b"text\nx\n", "line 1: the file is not Parquet, as its name says"),
        (b"PAR1", "line 1: the Parquet file is damaged"),
        (WHOLE[:-9], "line 1: the Parquet file is damaged"),
        (WHOLE[:20] + bytes(20) + WHOLE[40:], "line 1: the Parquet file is damaged"),
        (parquet_file([{"texts": "x"}]), "line 1: the file does not have the column 'text'"),
        (parquet_file([]), "line 1: the file does not have the column 'text'"),
    ],
)
def test_unreadable_files_are_refused(tmp_path: Path, content: bytes, message: str) -> None:
    """What is no Parquet file, damaged, or without a column is refused with the reason."""
    assert refusal(tmp_path, content) == f"a.parquet: {message}"


def test_a_column_twice_is_refused(tmp_path: Path) -> None:
    """Nobody can say which of two columns of one name is meant."""
    file = io.BytesIO()
    pq.write_table(pa.Table.from_arrays([pa.array(["x"]), pa.array(["y"])], names=["text", "text"]), file)
    assert refusal(tmp_path, file.getvalue()) == "a.parquet: line 1: the file has the column 'text' twice"


def test_optional_columns_are_read_where_they_are(tmp_path: Path) -> None:
    """A group's column comes if the file has it."""
    content = parquet_file([{"text": "x", "title": "t", "more": 1}])
    assert [record.values for record in read(tmp_path, content, optional=("title", "year"))] == [
        {"text": "x", "title": "t"}
    ]


def test_a_damaged_row_costs_only_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A string that is not UTF-8 or too long is the row's problem; the rows after it are read."""
    monkeypatch.setattr("training.lines.MAX_ROW", 100)
    values = pa.array([b"good", b"caf\xe9", b"x" * 101, b"good"]).view(pa.string())
    file = io.BytesIO()
    pq.write_table(pa.table({"text": values}), file)
    assert [record.problem for record in read(tmp_path, file.getvalue())] == [
        None,
        "the text is not UTF-8",
        "a value has more than 100 characters",
        None,
    ]


def test_large_files_are_refused_by_what_they_say(tmp_path: Path) -> None:
    """A file whose footer tells of more bytes than allowed, or of a bomb, is refused before a row is read."""
    content = parquet_file([{"text": "x" * 1000 + str(number)} for number in range(1000)])
    assert len(content) < 100_000
    assert refusal(tmp_path, content, Intake(max_bytes=500_000)) == (
        "a.parquet: line 1: the file has more than 500,000 bytes: split it"
    )
    zeros = parquet_file([{"text": "0" * 1_000_000 + str(number)} for number in range(UNSUSPICIOUS // 1_000_000 + 1)])
    assert "line 1: the file unpacks to more than 15 times its size" in refusal(
        tmp_path, zeros, Intake(max_expansion=15)
    )


def test_a_string_stored_once_is_counted_for_every_row(tmp_path: Path) -> None:
    """A dictionary makes a small file of a long string in many rows: it is refused when too much has come out."""
    content = parquet_file([{"text": "good film " * 10_000}] * 5000)
    assert pq.ParquetFile(io.BytesIO(content)).metadata.row_group(0).total_byte_size < 1_000_000
    message = refusal(tmp_path, content)
    assert message.endswith("the file unpacks to more than 200 times its size")
    assert not message.startswith("a.parquet: line 1:")


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of a process's memory is read from /proc")
def test_memory_is_flat(tmp_path: Path) -> None:
    """A row group of 200 MB is read in less than half of that."""
    path = tmp_path / "a.parquet"
    table = pa.table({"text": [f"{number} " + "good film " * 100 for number in range(200_000)]})
    pq.write_table(table, path, row_group_size=len(table))
    assert pq.ParquetFile(path).metadata.row_group(0).total_byte_size > 200_000_000
    script = f"""
import pathlib, pyarrow.parquet
from training.records import read_records
def peak(): return int(pathlib.Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
before = peak()
rows = sum(1 for _ in read_records(pathlib.Path({str(path)!r}), needed=["text"]))
print(rows, peak() - before)
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    rows, grown = map(int, done.stdout.split())
    assert rows == 200_000
    assert grown < 100 * 1024


@settings(max_examples=150)
@example([(WHOLE.rindex(b"text"), 0x80)])  # the name of a column is no UTF-8
@given(st.lists(st.tuples(st.integers(4, len(WHOLE) - 1), st.integers(0, 255)), min_size=1, max_size=4))
def test_any_damage_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, damages: list[tuple[int, int]]
) -> None:
    """Whatever bytes of a file are changed, its rows are read or it is refused by our own error."""
    content = bytearray(WHOLE)
    for place, byte in damages:
        content[place] = byte
    try:
        for record in read(tmp_path_factory.mktemp("any"), bytes(content)):
            assert record.problem or isinstance(record.values["text"], str | None)
    except RefusedFileError as error:
        assert str(error).startswith("a.parquet: line")  # noqa: PT017 - the other end is as good
