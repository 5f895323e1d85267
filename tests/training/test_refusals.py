"""Hopeless and hostile files, each with the message that a person reads."""

import csv
import gzip
import io
import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.core.spec import Intake, PipelineSpec
from tests.training.sample import json_lines, make_rows, put_spec, read_lines, run_prepare, try_prepare
from training.settings import Settings

ROOT = Path(__file__).parents[2]
HEAD = b"text,label,title\n"
ROWS = make_rows(200)
TABLE = HEAD + b"".join(f"{row['text']},{row['label']},{row['title']}\n".encode() for row in ROWS)
PACKED = gzip.compress(TABLE, mtime=0)
LONG = b"good " * 300 + b",positive,t\n"
MIB = 1_048_576


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        # Compression
        ("a.csv.gz", PACKED[:-9], "the gzip stream is cut short: upload the file again"),
        ("a.csv.gz", PACKED[:-8] + bytes(8), "the gzip stream is damaged: its checksum is wrong"),
        ("a.csv.gz", PACKED + b"junk", "the gzip stream is followed by other bytes"),
        ("a.csv.gz", TABLE, "a.csv.gz: line 1: the file is not gzip, as its name says"),
        ("a.csv.gz", gzip.compress(bytes(8 * MIB)), "a.csv.gz: line 1: a row has more than 4,194,304 characters"),
        ("a.csv.gz", gzip.compress(HEAD + LONG * 12_000), "the file unpacks to more than 200 times its size"),
        # Shape
        ("a.csv", HEAD + b"a,b,c\n" + b"x" * 5 * MIB, "a.csv: line 3: a row has more than 4,194,304 characters"),
        (
            "a.csv",
            HEAD + b'"' + b"x\n" * 3 * MIB,
            "a.csv: line 2: a row has more than 4,194,304 characters: is a quote",
        ),
        ("a.csv", TABLE + b'"a,positive,t\n', "a.csv: line 202: a quote is opened and never closed"),
        ("a.csv", TABLE.replace(b",", b";"), "a.csv: line 1: the columns are separated by ';': separate them by ','"),
        ("a.csv", b"review,label\nx,positive\n", "a.csv: line 1: the header does not name the column 'text'"),
        ("a.csv", HEAD + b"x,positive\n" * 9, "lines 2, 3, 4, 5, 6 and 4 more: 2 fields where the header has 3"),
        ("a.jsonl", b'{"text":"x"}\n' * 3, "lines 1, 2, 3: column 'label' is missing"),
        ("a.csv", TABLE.decode().encode("utf-16"), "a.csv: line 1: the file is UTF-16: save it as UTF-8"),
        ("a.csv", HEAD + "é,positive,t\n".encode("latin-1") * 3, "a.csv: lines 2, 3, 4: the text is not UTF-8"),
        ("a.csv", HEAD + b"a\0b,positive,t\n" * 3, "a.csv: lines 2, 3, 4: column 'text' holds a NUL character"),
        (
            "a.csv",
            TABLE + HEAD.decode().encode("utf-16") * 9,
            "a.csv: lines 202, 203, 204, 205, 206 and 4 more: the text is not UTF-8",
        ),
        # Content
        ("a.csv", b"", "a.csv: line 1: the file has no header"),
        ("a.jsonl", b"\n\n", "a.jsonl: line 1: the file has no rows"),
        ("a.csv", HEAD, "a.csv: line 1: the file has no rows"),
        (
            "a.csv",
            HEAD + b" ,positive,t\n" * 7,
            "lines 2, 3, 4, 5, 6 and 2 more: column 'text' is empty; bad rows: 7 of 7",
        ),
    ],
)
def test_files(tmp_path: Path, spec: PipelineSpec, name: str, content: bytes, message: str) -> None:
    """A hopeless file is refused with its name, a line and what to do about it."""
    _, refused = try_prepare(tmp_path, spec, {name: content})
    assert message in str(refused)
    assert str(refused).startswith(f"{name}: line")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([ROWS[0]] * 200, "no row has the label 'positive'"),
        (
            ROWS[:2] * 100,
            "(2 distinct rows and 198 copies of them, in 2 groups; rows of one group stay on one side)",
        ),
        (
            [row for row in ROWS if row["label"] == "positive"],
            "no row has the label 'negative': both labels are needed",
        ),
    ],
)
def test_rows_together(tmp_path: Path, spec: PipelineSpec, rows: list[dict[str, str]], message: str) -> None:
    """Copies of few rows, or one label only, are refused for what they are."""
    _, refused = try_prepare(tmp_path, spec, {"a.jsonl": json_lines(rows)})
    assert message in str(refused)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", b"\xef\xbb\xbf" + TABLE),
        ("a.csv.gz", gzip.compress(TABLE[:999]) + gzip.compress(TABLE[999:])),
        ("a.csv.gz", PACKED + bytes(512)),
        ("a.csv", TABLE.replace(b"\n", b"\r\n")),
    ],
    ids=["byte-order-mark", "two-members", "padded-with-zeros", "carriage-returns"],
)
def test_odd_but_legal(tmp_path: Path, spec: PipelineSpec, name: str, content: bytes) -> None:
    """What a standard allows is read like the plain file."""
    one, other = run_prepare(tmp_path / "1", spec, {name: content}), run_prepare(tmp_path / "2", spec, {"b.csv": TABLE})
    summaries = [json.loads((out / "summary.json").read_text()) for out in (one, other)]
    assert [source.pop("file") for summary in summaries for source in summary["sources"]] == [name, "b.csv"]
    assert summaries[0] == summaries[1]


def test_file_above_the_cap(tmp_path: Path, spec: PipelineSpec) -> None:
    """A file larger than the spec's cap is refused, packed or not."""
    small = replace(spec, intake=Intake(max_bytes=1000))
    for name, content in (("a.csv", TABLE), ("a.csv.gz", PACKED)):
        _, refused = try_prepare(tmp_path / name, small, {name: content})
        assert refused == f"{name}: line 1: the file has more than 1,000 bytes: split it"


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of a process's memory is read from /proc")
def test_bomb_leaves_memory_flat(tmp_path: Path, spec: PipelineSpec) -> None:
    """Ten gigabytes in ten megabytes, many members of one row again and again, are refused within 200 MB."""
    settings = Settings(tmp_path)
    put_spec(settings.processing_input("spec"), spec)
    settings.processing_input("raw").mkdir(parents=True)
    member = gzip.compress(LONG * 6_935)
    with (settings.processing_input("raw") / "a.csv.gz").open("wb") as file:
        file.write(gzip.compress(HEAD))
        file.writelines(member for _ in range(1024))
    script = (
        "import pathlib; from training.__main__ import main; from training.settings import Settings;"
        f"code = main(['prepare'], Settings(pathlib.Path({str(tmp_path)!r})));"
        "print(code, pathlib.Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0])"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    code, peak = map(int, done.stdout.split()[-2:])
    assert code == 0  # the job has done its work
    assert "the file unpacks to more than 200 times its size" in settings.message.read_text()
    assert peak < 200 * 1024


@pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="the bytes a process has read are counted in /proc")
@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_endless_line_is_not_read_to_its_end(tmp_path: Path, spec: PipelineSpec, name: str) -> None:
    """Of one line of a gigabyte no more is read than a row may hold."""
    path = Settings(tmp_path).processing_input("raw") / name
    path.parent.mkdir(parents=True)
    with path.open("wb") as file:
        file.write(HEAD if name == "a.csv" else b"")
        file.truncate(1024 * MIB)  # zeros that take no room on the disk
    before = bytes_read()
    _, refused = try_prepare(tmp_path, spec, {})
    assert bytes_read() - before < 6 * MIB
    line = 2 if name == "a.csv" else 1
    assert refused == f"{name}: line {line}: a row has more than 4,194,304 characters: is a quote never closed?"


def bytes_read() -> int:
    """Return how many bytes this process has asked files for."""
    return int(Path("/proc/self/io").read_text().split()[1])


def test_bad_rows_are_set_aside(tmp_path: Path, spec: PipelineSpec) -> None:
    """A few bad rows cost only themselves: they are listed by file, line and reason, and counted in the summary."""
    bad = b"a\xff,positive,t\nno label,great,t\nshort\n,positive,t\nnul\0,negative,t\n"
    tolerant = replace(spec, intake=Intake(max_rejected_share=0.05))
    out = run_prepare(
        tmp_path, tolerant, {"a.csv": TABLE + bad, "b.jsonl": json_lines(make_rows(200, seed=1)) + b"{\n"}
    )
    summary = json.loads((out / "summary.json").read_text())
    assert (summary["rows"]["read"], summary["rows"]["rejected"]) == (406, 6)
    assert read_lines(out / "rejected.jsonl") == [
        {"file": "a.csv", "line": 202, "reason": "the text is not UTF-8"},
        {"file": "a.csv", "line": 203, "reason": "column 'label' must be one of negative, positive"},
        {"file": "a.csv", "line": 204, "reason": "1 fields where the header has 3"},
        {"file": "a.csv", "line": 205, "reason": "column 'text' is empty"},
        {"file": "a.csv", "line": 206, "reason": "column 'text' holds a NUL character"},
        {"file": "b.jsonl", "line": 201, "reason": "not JSON"},
    ]
    assert summary["rejected"][-1] == {"file": "b.jsonl", "lines": [201], "reason": "not JSON", "rows": 1}
    assert sum(finding["rows"] for finding in summary["rejected"]) == 6


def write_table(rows: list[list[str]], delimiter: str, end: str) -> bytes:
    """Return fields as a CSV."""
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=end).writerows(rows)
    return out.getvalue().encode(errors="surrogatepass")


FIELDS = st.sampled_from(["good", "x y", "positive", "negative", "", " ", '"', "a\nb", "\0", "é", "\ud800", ",", ";"])
TABLES = st.builds(
    write_table,
    st.lists(st.lists(FIELDS, max_size=4), max_size=6).map(
        lambda rows: [["text", "label", "title"], *(list(row.values()) for row in ROWS), *rows]
    ),
    st.sampled_from(",;\t"),
    st.sampled_from(["\n", "\r\n", "\r"]),
)


@st.composite
def damaged(draw: st.DrawFn, contents: st.SearchStrategy[bytes]) -> bytes:
    """Give contents with some bytes cut out, put in or replaced."""
    content = draw(contents)
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(content)))
        content = content[:start] + draw(st.binary(max_size=4)) + content[start + draw(st.integers(0, 4)) :]
    return content


@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(
    st.one_of(
        st.tuples(st.just("a.csv"), damaged(TABLES)),
        st.tuples(st.just("a.csv.gz"), damaged(TABLES.map(gzip.compress))),
        st.tuples(st.just("a.jsonl"), damaged(st.just(json_lines(ROWS)))),
    )
)
def test_any_file_is_prepared_or_refused(
    tmp_path_factory: pytest.TempPathFactory, spec: PipelineSpec, upload: tuple[str, bytes]
) -> None:
    """Whatever is done to a file, its rows come out trainable, or it is refused with a line and a reason."""
    name, content = upload
    out, refused = try_prepare(tmp_path_factory.mktemp("any"), spec, {name: content})
    if refused is not None:
        assert re.match(rf"{name}: lines? \d+|no row|fewer than|no held-out", refused)
    else:
        rows = read_lines(out / "train" / "rows.jsonl")
        counts = json.loads((out / "summary.json").read_text())["rows"]
        sides = counts["train"] + counts["validation"] + counts["test"]
        assert counts["read"] == counts["rejected"] + counts["duplicates"] + counts["leaked"] + sides
        assert {row["label"] for row in rows} == set(spec.labels)
        assert all(row["text"].strip() and "\0" not in row["text"] and row["text"].encode() for row in rows)
