import gzip
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.places import ACCEPTED
from chalicelib.core.spec import Intake
from tests.training.sample import parquet_file
from training.errors import BadValueError, RefusedFileError
from training.records import list_files, parse_records, read_records

CSV = 'text,label\n"a ""quoted""\nline",x\n\nsecond,y\n'
ROWS = [{"text": 'a "quoted"\nline', "label": "x"}, {"text": "second", "label": "y"}]
packed = partial(gzip.compress, mtime=0)  # cases have the same names whenever they are collected
_PACKED = packed(b"a,b\n1,2\n")


def write(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", CSV.encode()),
        ("a.CSV", b"\xef\xbb\xbf" + CSV.replace("\n", "\r\n").replace("\r\nline", "\nline").encode()),
        ("a.csv.gz", packed(CSV.encode())),
        ("a.jsonl", b'{"text": "a \\"quoted\\"\\nline", "label": "x"}\n\n\n{"text": "second", "label": "y"}'),
        ("a.csv.gz", packed(CSV[:20].encode()) + packed(CSV[20:].encode())),
        ("a.csv", CSV.replace("\n", "\r").replace("\rline", "\nline").encode()),
        ("a.parquet", parquet_file(ROWS)),
        (
            "a.jsonl.gz",
            packed(b'\n{"text":"a \\"quoted\\"\\nline","label":"x"}\n\n{"text":"second","label":"y"}\n'),
        ),
    ],
)
def test_every_format_gives_the_same_rows(tmp_path: Path, name: str, content: bytes) -> None:
    """CSV and JSON Lines, plain or gzip (of several members), with any line ends, and Parquet are equal."""
    rows = [record.read() for record in read_records(write(tmp_path, name, content), needed=["text", "label"])]
    assert rows == ROWS


def test_lines_are_those_of_the_file(tmp_path: Path) -> None:
    """A row is found by the line on which it starts, quoted line ends included."""
    path = write(tmp_path, "a.csv", CSV.encode() + b"ragged\nlast,z\n")
    assert [(record.line, record.problem) for record in read_records(path)] == [
        (2, None),
        (5, None),
        (6, "1 fields where the header has 2"),
        (7, None),
    ]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.parquet", b"PAR1", "line 1: the Parquet file is damaged"),
        ("a.parquet.gz", b"PAR1", "line 1: the file's name must end in .csv, .csv.gz, .jsonl, .jsonl.gz, .parquet"),
        ("a.csv", b"PAR1....", "line 1: the file is Parquet: its name must end in .parquet"),
        ("a.csv", b"PK\x03\x04....", "line 1: the file is a zip archive or a spreadsheet: unpack or export it"),
        ("a.csv", packed(b"a,b\n1,2\n"), "line 1: the file is gzip: its name must end in .gz"),
        ("a.csv", "a,b\n".encode("utf-16"), "line 1: the file is UTF-16: save it as UTF-8"),
        ("a.csv", "a,b\n".encode("utf-16-le"), "line 1: the header holds NUL characters: save the file as UTF-8 text"),
        ("a.csv", b"", "line 1: the file has no header"),
        ("a.csv", b"a,a\n1,2\n", "line 1: the header names a column twice"),
        ("a.csv", b"a;b\n1;2\n", "line 1: the columns are separated by ';': separate them by ','"),
        ("a.csv", b"a\tb\n1\t2\n", r"line 1: the columns are separated by '\t': separate them by ','"),
        ("a.csv", b"caf\xe9,b\n1,2\n", "line 1: the text is not UTF-8: save the file as UTF-8"),
        ("a.csv", b'a,b\n1,2\n1,"2\n3\n4', "line 3: a quote is opened and never closed"),
        ("a.csv", b'a,b\n1,"2"3\n', "line 2: a closing quote is followed by more: a quote within a value is doubled"),
        ("a.csv.gz", packed(b"a,b\n" * 9)[:-4], "the gzip stream is cut short: upload the file again"),
        ("a.csv.gz", b"a,b\n1,2\n", "line 1: the file is not gzip, as its name says"),
        ("a.csv.gz", _PACKED[:-8] + b"\0\0\0\0" + _PACKED[-4:], "is damaged: its checksum is wrong"),
        ("a.csv.gz", _PACKED + b"junk", "the gzip stream is followed by other bytes"),
        ("a.csv.gz", _PACKED[:12] + b"\xff\xff\xff" + _PACKED[15:], "the gzip stream is damaged"),
    ],
)
def test_unreadable_files_are_refused(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    """What cannot be read on is refused with file, line and reason."""
    with pytest.raises(RefusedFileError) as caught:
        list(read_records(write(tmp_path, name, content)))
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"{name}: line ")


@pytest.mark.parametrize("line", [b"[1]", b"{", b"[" * 100_000, b'{"a":' + b"9" * 5000 + b"}", b'"x"'])
def test_bad_json_is_a_bad_row(tmp_path: Path, line: bytes) -> None:
    """A line that is no JSON object costs that row only, and never the reader."""
    first, second = read_records(write(tmp_path, "a.jsonl", line + b'\n{"a":1}\n'))
    with pytest.raises(BadValueError, match="not "):
        first.read()
    assert second.read() == {"a": 1}


def test_damage_is_told_without_the_files_bytes(tmp_path: Path) -> None:
    """What is no gzip stream is refused without a byte of what it is."""
    with pytest.raises(RefusedFileError) as caught:
        list(read_records(write(tmp_path, "a.csv.gz", b"secret\n")))
    assert str(caught.value) == "a.csv.gz: line 1: the file is not gzip, as its name says"


def test_any_number_of_bad_rows_is_counted(tmp_path: Path) -> None:
    """The first bad rows are listed and all are counted, however many."""

    def refuse(_: object) -> None:
        raise BadValueError("no")

    with pytest.raises(RefusedFileError) as caught:
        list(parse_records(write(tmp_path, "a.csv", b"a\n" + b"x\n" * 3000), refuse))
    assert str(caught.value) == "a.csv: lines 2, 3, 4, 5, 6 and 2,995 more: no"


@pytest.mark.parametrize(
    ("name", "content", "problems"),
    [
        ("a.csv", b"a,b\n1,2\n\xff,2\n1,2\n", [None, "the text is not UTF-8", None]),
        ("a.csv", b'a,b\n"x\n\xe9\ny",2\n1,2\n', ["the text is not UTF-8", None]),
        ("a.csv", b"a,b\n" + b"1,2\n" * 5000 + b"caf\xe9,2\n", [None] * 5000 + ["the text is not UTF-8"]),
        (
            "a.csv",
            b"a,b\n1\n1,2,3\n\n1,2\n",
            ["1 fields where the header has 2", "3 fields where the header has 2", None],
        ),
        ("a.jsonl", b'{"a":1}\n{"a":"\xe9"}\n{"a":2}\n', [None, "the text is not UTF-8", None]),
    ],
)
def test_a_damaged_row_costs_only_itself(tmp_path: Path, name: str, content: bytes, problems: list[str | None]) -> None:
    """Broken bytes or a wrong number of fields are the row's problem; the rows after it are read."""
    assert [record.problem for record in read_records(write(tmp_path, name, content))] == problems


def test_dialect_is_the_specs(tmp_path: Path) -> None:
    """Delimiter, quote and encoding of CSV are what the spec says; JSON Lines stays UTF-8."""
    intake = Intake(delimiter=";", quote="'", encoding="cp1252")
    table = write(tmp_path, "a.csv", b"text;label\n'one;caf\xe9';x\n")
    lines = write(tmp_path, "b.jsonl", '{"text":"one;café","label":"x"}'.encode())
    for path in (table, lines):
        assert [record.read() for record in read_records(path, intake)] == [{"text": "one;café", "label": "x"}]
    with pytest.raises(RefusedFileError, match="separated by ',': separate them by ';'"):
        list(read_records(write(tmp_path, "c.csv", b"text,label\n"), intake))


def test_needed_columns_are_missed_at_once(tmp_path: Path) -> None:
    """A header that lacks a column refuses the file before any row is read."""
    records = read_records(write(tmp_path, "a.csv", b"a,b\n1,2\n"), needed=["a", "text", "label"])
    with pytest.raises(RefusedFileError, match=r"line 1: the header does not name the column 'text' and 'label'"):
        next(records)


def test_endless_quote_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A quote that swallows the rest of a large file is refused with the line on which it opens."""
    monkeypatch.setattr("training.lines.MAX_ROW", 100)
    with pytest.raises(RefusedFileError, match="line 3: a row has more than 100 characters: is a quote never closed"):
        list(read_records(write(tmp_path, "a.csv", b'a\n1\n"2\n' + b"x\n" * 500)))


def test_endless_line_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line longer than the limit is refused before it fills the memory."""
    monkeypatch.setattr("training.lines.MAX_ROW", 100)
    with pytest.raises(RefusedFileError, match="line 2: a row has more than 100 characters"):
        list(read_records(write(tmp_path, "a.csv", b"a\n" + b"x" * 500)))


def test_files_come_by_name(tmp_path: Path) -> None:
    """Files are read in the order of their names, at any depth, without hidden ones."""
    (tmp_path / "b").mkdir()
    for name in ("c.csv", "b/x.csv", "a.csv", ".hidden.csv"):
        (tmp_path / name).touch()
    assert [path.name for path in list_files(tmp_path)] == ["a.csv", "x.csv", "c.csv"]


@given(content=st.binary(max_size=60), suffix=st.sampled_from(ACCEPTED))
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes, suffix: str) -> None:
    """No file makes the reader fail otherwise than by its own error."""
    path = write(tmp_path_factory.mktemp("any"), f"a{suffix}", content)
    try:
        for record in read_records(path):
            assert record.problem or isinstance(record.values, dict)
    except RefusedFileError:
        pass
