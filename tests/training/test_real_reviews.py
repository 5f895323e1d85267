"""What `prepare` makes of real reviews, where the data lie beside the project (IMDB, Maas et al. 2011)."""

import csv
import gzip
import io
import json
import os
from collections import Counter
from pathlib import Path

import pytest

from chalicelib.pipelines.reviews import SPEC
from tests.training.sample import read_lines, run_prepare

DATA = Path(os.environ.get("FRESHET_DATA", Path(__file__).parents[3] / "shared" / "data")) / "imdb"

pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason=f"{DATA} is absent: set FRESHET_DATA to the folder that holds imdb/"
)


def test_halves_that_share_texts(tmp_path: Path) -> None:
    """Both halves uploaded together: a text in both comes once, or on one side only, and every row is accounted for."""
    files = {f"{half}.csv.gz": (DATA / f"{half}.csv.gz").read_bytes() for half in ("train", "test")}
    halves = []
    for content in files.values():
        with gzip.open(io.BytesIO(content), "rt", encoding="utf-8", newline="") as file:
            halves.append([(row["text"], row["label"], row["title"]) for row in csv.DictReader(file)])
    shared = {text for text, _, _ in halves[0]} & {text for text, _, _ in halves[1]}
    assert len(shared) > 100  # or the data are not what this test is about
    out = run_prepare(tmp_path, SPEC, files)
    sides = [
        Counter(row["text"] for row in read_lines(out / name))
        for name in ("train/rows.jsonl", "validation/rows.jsonl", "test/features.jsonl")
    ]
    assert all(sum(text in side for side in sides) == 1 for text in shared)
    rows = json.loads((out / "summary.json").read_text())["rows"]
    distinct = len({*halves[0], *halves[1]})
    assert (rows["read"], rows["rejected"], rows["left_out"]) == (sum(map(len, halves)), 0, 0)
    assert rows["duplicates"] == rows["read"] - distinct
    assert sum(map(Counter.total, sides)) == distinct - rows["leaked"]
    assert sum(map(len, sides)) == len({text for half in halves for text, _, _ in half})
