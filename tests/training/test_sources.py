import json
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from chalicelib.core.spec import PipelineSpec
from tests.training.sample import json_lines, make_rows, run_prepare
from training.sources import MIN_GROUPS, SIGNIFICANCE, compare, find_shifts


def draw(seed: int, *, positive: float, own_positive: float, lumped: float = 0.0) -> tuple[np.ndarray, ...]:
    """Draw 6,000 labels in 600 groups, a third of them of one file; ``lumped`` groups are of one label alone."""
    generator = np.random.default_rng(seed)
    group_of = np.repeat(np.arange(600), 10)
    own = group_of < 200
    rate = np.where(own, own_positive, positive)
    targets = (generator.random(6000) < rate).astype(np.float64)
    alike = generator.random(600)[group_of] < lumped
    targets[alike] = (generator.random(600)[group_of] < rate)[alike]
    return targets, group_of, own


def p_of(*drawn: np.ndarray) -> float:
    shift = compare(*drawn)
    assert shift is not None
    return shift.p


@pytest.mark.parametrize("lumped", [0.0, 0.5, 1.0])
def test_files_alike_are_not_told_apart(lumped: float) -> None:
    """Of 400 files like the others one in a hundred has a p-value below a hundredth, however groups are lumped."""
    values = [p_of(*draw(seed, positive=0.5, own_positive=0.5, lumped=lumped)) for seed in range(400)]
    assert sum(value < 0.01 for value in values) <= 12


def test_groups_count_and_not_their_rows() -> None:
    """A difference that many single rows prove is not proven by a few groups of one label each."""
    single = [p_of(*draw(seed, positive=0.5, own_positive=0.58)) for seed in range(20)]
    lumped = [p_of(*draw(seed, positive=0.5, own_positive=0.58, lumped=1.0)) for seed in range(20)]
    assert sum(value < SIGNIFICANCE for value in single) >= 18
    assert sum(value < SIGNIFICANCE for value in lumped) <= 2


def test_files_of_one_value_each_differ() -> None:
    """A file of one label alone among files of the other is told, though neither has a spread."""
    targets, group_of, own = draw(0, positive=0.0, own_positive=1.0)
    assert p_of(targets, group_of, own) == 0
    assert p_of(np.ones(6000), group_of, own) == 1


def test_few_groups_are_not_judged() -> None:
    """A file whose rows are in few groups says nothing, nor does one beside few."""
    targets, group_of, _ = draw(0, positive=0.5, own_positive=0.5)
    for own in (group_of < MIN_GROUPS - 1, group_of >= MIN_GROUPS - 1):
        assert compare(targets, group_of, own) is None
    assert compare(targets, group_of, group_of < MIN_GROUPS) is not None


@pytest.mark.parametrize(
    ("rates", "odd"),
    [([0.5, 0.8, 0.5, 0.5, 0.35, 0.5], [1, 4]), ([0.5, 0.95, 0.5], [1]), ([0.5, 0.5, 0.5], [])],
)
def test_odd_files_are_found_one_by_one(rates: list[float], odd: list[int]) -> None:
    """Odd files are named, the oddest first; a good one is not, though beside a very odd one it looks odd."""
    generator = np.random.default_rng(0)
    sources = np.repeat(np.arange(len(rates), dtype=np.uint32), 2000)
    targets = (generator.random(len(sources)) < np.array(rates)[sources]).astype(np.float64)
    assert [*find_shifts(targets, np.arange(len(sources)), sources, len(rates))] == odd


def test_a_difference_of_no_weight_is_none() -> None:
    """However sure, a difference of a hundredth of the rows is not worth an alert; one of a tenth is."""
    sources = np.repeat(np.arange(2, dtype=np.uint32), 100_000)
    for share, alerts in ((0.51, 0), (0.6, 1)):
        targets = np.concatenate([np.arange(100_000) % 2, np.arange(100_000) < share * 100_000]).astype(np.float64)
        shift = compare(targets, np.arange(200_000), sources == 1)
        assert shift is not None
        assert shift.p < SIGNIFICANCE
        assert len(find_shifts(targets, np.arange(200_000), sources, 2)) == alerts


def test_many_files_are_many_chances() -> None:
    """A p-value that is significant for one of two files is not for the oddest of forty."""
    generator = np.random.default_rng(0)
    targets = generator.random(40_000)
    targets[:1000] += targets[1000:].mean() - targets[:1000].mean() + 0.034
    two, forty = (np.minimum(np.arange(40_000) // 1000, files - 1).astype(np.uint32) for files in (2, 40))
    shift = compare(targets, np.arange(40_000), forty == 0)
    assert shift is not None
    assert SIGNIFICANCE / 40 < shift.p < SIGNIFICANCE / 2
    assert [*find_shifts(targets, np.arange(40_000), two, 2)] == [0]
    assert [*find_shifts(targets, np.arange(40_000), forty, 40)] == []


def prepare_flipped(base: Path, spec: PipelineSpec, share: float) -> dict[str, Any]:
    """Prepare three files, in one of which so many of the positive labels are flipped; return the summary."""
    random = Random(0)  # noqa: S311 - test data
    rows = [make_rows(1000, seed=seed, groups=400) for seed in range(3)]
    for row in rows[1]:
        if row["label"] == "positive" and random.random() < share:
            row["label"] = "negative"
    out = run_prepare(base, spec, {f"{number}.jsonl": json_lines(part) for number, part in enumerate(rows)})
    summary: dict[str, Any] = json.loads((out / "summary.json").read_text())
    return summary


def test_a_file_of_flipped_labels_raises_an_alert(tmp_path: Path, spec: PipelineSpec) -> None:
    """Of three files the one whose labels lean another way is named, with both rates; the data are prepared still."""
    summary = prepare_flipped(tmp_path, spec, 0.3)
    (alert,) = summary["alerts"]
    assert (alert["kind"], alert["file"]) == ("target_shift", "1.jsonl")
    assert alert["mean"] == pytest.approx(0.35, abs=0.03)
    assert alert["others"] == pytest.approx(0.5, abs=0.03)


def test_files_as_they_should_be_raise_none(tmp_path: Path, spec: PipelineSpec) -> None:
    """Files of one kind raise no alert; of each the summary says how many rows it gave, and of which labels."""
    summary = prepare_flipped(tmp_path, spec, 0.0)
    assert summary["alerts"] == []
    assert [source["file"] for source in summary["sources"]] == ["0.jsonl", "1.jsonl", "2.jsonl"]
    for source in summary["sources"]:
        assert (source["read"], source["rejected"]) == (1000, 0)
        assert sum(source["labels"].values()) == source["rows"] == 1000
