"""Uploads from a grammar of CSV and of what goes wrong with it; `--files 100000` asks for more of them."""

import csv
import gzip
import io
import itertools
import json
import re
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Literal

import pytest

from chalicelib.core.spec import Intake, PipelineSpec
from tests.training.sample import make_rows, try_prepare
from training.channels import read_rows

Quoting = Literal[0, 1]
ROWS = [[row["text"], row["label"], row["title"]] for row in make_rows(60, groups=30)]
HEADER = ["text", "label", "title"]
# What a person's file may hold besides the good rows: legal or not, the reader says which.
VALUES = [
    "good",
    "",
    " ",
    "\0",
    "é",
    "\u200b",
    '"',
    "''",
    "a,b",
    "a;b",
    "a\tb",
    "two\nlines",
    "\r",
    "x" * 300,
    "positive",
]
LINES = [b'"never closed,positive,t\n', b'"closed" twice,positive,t\n', b"\n\n\n", b"text,label,title\n", b"," * 500]
BROKEN = [b"\xff", b"\xe9t\xe9", b"\xed\xa0\x80", "naïve".encode("utf-16"), b"\0\0", b"\x1a", b"\x85", b"\xc3"]


def make_table(random: Random) -> bytes:
    """Write good rows in some dialect that RFC 4180 allows."""
    out = io.StringIO(newline="")
    quoting: Quoting = random.choice([csv.QUOTE_ALL, csv.QUOTE_MINIMAL])
    csv.writer(out, quoting=quoting, lineterminator=random.choice(["\n", "\r\n", "\r"])).writerows([HEADER, *ROWS])
    return out.getvalue().encode(random.choice(["utf-8", "utf-8-sig"]))


def put_row(random: Random, content: bytes) -> bytes:
    """Put a row of any values between the others, of as many fields as it likes, quoted or not."""
    values = random.choices(VALUES, k=random.choice([0, 1, 2, 3, 3, 3, 3, 4, 9]))
    if len(values) > 1:
        values[1] = random.choice(["positive", "negative", "Positive", values[1]])
    out = io.StringIO(newline="")
    quoting: Quoting = random.choice([csv.QUOTE_ALL, csv.QUOTE_MINIMAL])
    csv.writer(out, quoting=quoting).writerow(values)
    return put_line(random, content, out.getvalue().encode())


def put_odd_line(random: Random, content: bytes) -> bytes:
    """Put a line between the others that is no row, or spoils the next ones."""
    return put_line(random, content, random.choice(LINES))


def put_line(random: Random, content: bytes, line: bytes) -> bytes:
    """Put bytes where a line begins."""
    place = random.choice([found.end() for found in re.finditer(rb"\r\n|\n|\r", content)] or [0])
    return content[:place] + line + content[place:]


def put_bytes(random: Random, content: bytes) -> bytes:
    """Put broken bytes anywhere."""
    place = random.randrange(len(content) + 1)
    return content[:place] + random.choice(BROKEN) + content[place:]


def cut(random: Random, content: bytes) -> bytes:
    """Cut the file short."""
    return content[: random.randrange(len(content) + 1)]


def swap(random: Random, content: bytes) -> bytes:
    """Write another character for one with a meaning, some of the time or always."""
    old, new = random.sample([b",", b";", b"\t", b'"', b"'", b"\n", b"\r", b"|"], k=2)
    return content.replace(old, new, random.choice([1, 5, -1]))


def encode_anew(random: Random, content: bytes) -> bytes:
    """Write the rest of the file in another encoding, as programs that append do."""
    place = random.choice([0, random.randrange(len(content) + 1)])
    rest = content[place:].decode(errors="replace") + "é"
    return content[:place] + rest.encode(random.choice(["utf-16", "utf-32", "cp1252", "utf-8-sig"]), errors="replace")


DAMAGES: list[Callable[[Random, bytes], bytes]] = [put_row, put_row, put_odd_line, put_bytes, cut, swap, encode_anew]


def pack(random: Random, content: bytes) -> bytes:
    """Pack the file as gzip, of one or two members."""
    places = random.choice([[], [random.randrange(len(content) + 1)]])
    parts = [content[begin:end] for begin, end in itertools.pairwise([0, *places, len(content)])]
    return b"".join(gzip.compress(part, 1, mtime=0) for part in parts)


def make_upload(seed: int) -> tuple[str, bytes, bool]:
    """Make the upload of a seed: its name, its bytes, and whether it is as good as when it was written."""
    random = Random(seed)  # noqa: S311 - test data
    whole = content = make_table(random)
    for _ in range(random.choice([0, 1, 1, 1, 2, 3])):
        content = random.choice(DAMAGES)(random, content)
    if random.random() < 0.6:
        return "a.csv", content, content == whole
    packed = sent = pack(random, content)
    if random.random() < 0.3:
        sent = random.choice([put_bytes, cut])(random, packed)
    return "a.csv.gz", sent, content == whole and sent == packed


@pytest.mark.timeout(7200)  # of a hundred thousand files
def test_any_upload_is_trainable_or_refused(tmp_path: Path, spec: PipelineSpec, request: pytest.FixtureRequest) -> None:
    """Each file's rows can be trained on, or it is refused with line and reason; a good one is never refused."""
    tolerant = replace(spec, intake=Intake(max_rejected_share=0.1))
    ends = Counter[str]()
    for seed in range(request.config.getoption("--files")):
        name, content, good = make_upload(seed)
        out, refused = try_prepare(tmp_path / "job", tolerant, {name: content})
        summary = json.loads((out / "summary.json").read_text())
        if refused is None:
            ends["accepted"] += 1
            check_rows(out, spec, summary["rows"], seed)
        else:
            ends["refused"] += 1
            assert not good, seed
            told = summary["refused"] or summary["refused_files"][0]["reason"]
            assert refused == (told if summary["refused"] else f"{name}: {told}"), seed
            assert re.match(r"lines? [1-9]|no row has|fewer than|no held-out", told), (seed, told)
        shutil.rmtree(tmp_path / "job")
    assert min(ends["accepted"], ends["refused"]) > sum(ends.values()) / 10, ends


def check_rows(out: Path, spec: PipelineSpec, counts: dict[str, int], seed: int) -> None:
    """Check that the rows can be learnt from, and that none is lost."""
    rows = {side: read_rows(out / side, spec) for side in ("train", "validation")}
    assert {row.row.label for row in rows["train"]} == set(spec.labels), seed
    for row in (row.row for side in rows.values() for row in side):
        text = str(row.columns["text"])
        assert text.strip(), seed
        assert "\0" not in text, seed
        assert text.encode(), seed
    sides = [len(rows["train"]), len(rows["validation"]), counts["test"]]
    assert sides == [counts["train"], counts["validation"], counts["test"]], seed
    assert counts["read"] == counts["rejected"] + counts["duplicates"] + counts["leaked"] + sum(sides), seed
    assert counts["read"] <= len(ROWS) + 30, seed  # what is put in is a few rows: no text is taken apart into many
