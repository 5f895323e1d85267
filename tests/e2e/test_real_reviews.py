"""The pipeline `reviews` on real reviews, where the data lie beside the project (IMDB, Maas et al. 2011)."""

import csv
import gzip
import json
import os
from pathlib import Path

import pytest
from sklearn.metrics import accuracy_score, roc_auc_score

from tests.e2e.conftest import Local

DATA = Path(os.environ.get("FRESHET_DATA", Path(__file__).parents[3] / "shared" / "data")) / "imdb"

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(not DATA.is_dir(), reason=f"{DATA} is absent: set FRESHET_DATA to the folder that holds imdb/"),
]


def test_accuracy(local: Local, tmp_path: Path) -> None:
    """Trained on the first half with a tenth of its films held out, the model reads the second half well."""
    uploaded = local.freshet("upload", "reviews", DATA / "train.csv.gz", "--wait")
    assert uploaded.code == 0, uploaded.stderr
    batch = local.freshet("batch", "reviews", DATA / "test.csv.gz", "--output", tmp_path / "scores.jsonl")
    assert batch.code == 0, batch.stderr
    answers = {int(a["id"]): a for a in map(json.loads, (tmp_path / "scores.jsonl").read_text().splitlines())}
    with gzip.open(DATA / "test.csv.gz", "rt", encoding="utf-8", newline="") as file:
        labels = [row["label"] for row in csv.DictReader(file)]
    scored = [answers[number] for number in range(1, len(labels) + 1)]
    assert accuracy_score(labels, [answer["label"] for answer in scored]) >= 0.910
    assert roc_auc_score([label == "positive" for label in labels], [answer["score"] for answer in scored]) >= 0.967
