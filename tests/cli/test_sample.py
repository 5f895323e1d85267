"""The synthetic sample."""

import csv
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.pipelines.reviews import SPEC
from cli import sample

SIZES = st.integers(min_value=0, max_value=120)


@settings(max_examples=25)
@given(SIZES, st.integers())
def test_deterministic(rows: int, seed: int) -> None:
    """The same seed gives the same reviews."""
    assert list(sample.reviews(rows, seed)) == list(sample.reviews(rows, seed))


@settings(max_examples=25)
@given(SIZES, st.integers())
def test_balanced(rows: int, seed: int) -> None:
    """The labels are as many positive as negative, but for one where the rows are odd; wrong labels keep that."""
    labels = Counter(review.label for review in sample.reviews(rows, seed))
    assert sum(labels.values()) == rows
    assert abs(labels["positive"] - labels["negative"]) == rows % 2


@settings(max_examples=25)
@given(SIZES, st.integers())
def test_distinct(rows: int, seed: int) -> None:
    """No text comes twice: prepare would drop it as a duplicate."""
    texts = [review.text for review in sample.reviews(rows, seed)]
    assert len(set(texts)) == len(texts)


def test_other_seed() -> None:
    """Another seed gives other reviews."""
    assert list(sample.reviews(20, 1)) != list(sample.reviews(20, 2))


def test_films() -> None:
    """The reviews are of about a hundred films, many reviews each, so that whole films can be held out."""
    films = Counter(review.title for review in sample.reviews(2000, 7))
    assert len(films) == sample.FILMS
    assert min(films.values()) > 1


def test_file(tmp_path: Path) -> None:
    """The file has the columns that the pipeline takes, and only its labels."""
    path = tmp_path / "sample.csv"
    sample.write(path, 50, seed=7)
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 50
    assert rows[0].keys() == {SPEC.columns[0].name, SPEC.target, SPEC.group}
    assert {row["label"] for row in rows} == set(SPEC.labels)


@pytest.mark.parametrize("label", SPEC.labels)
def test_not_trivial(label: str) -> None:
    """Words of praise and blame stand in reviews of either label: no single word decides."""
    texts = " ".join(review.text for review in sample.reviews(1000, 7) if review.label == label)
    assert "wonderful" in texts
    assert "boring" in texts
