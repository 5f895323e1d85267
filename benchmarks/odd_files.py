"""Measure how often `prepare` notices a file of flipped labels, and how often it suspects a good one.

``python -m benchmarks.odd_files --data FOLDER``, where FOLDER holds imdb/train.csv.gz and adult/adult.csv.gz. Real
labels are dealt to five files, all rows of a film to one, and in one file a share of them is flipped: either way, or
positive ones only. Printed are the draws in which that file, and in which another one, raised an alert.
"""

import argparse
import csv
import gzip
from pathlib import Path

import numpy as np

from training.sources import Ints, find_shifts
from training.spool import Floats

FILES = 5
SHARES = (0.0, 0.01, 0.05, 0.1, 0.2)


def load(path: Path, label: str, positive: str, group: str | None) -> tuple[Floats, Ints]:
    """Return each row's target and the place of its group."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    targets = np.array([row[label].strip() == positive for row in rows], np.float64)
    groups = np.array([row[group] if group else str(place) for place, row in enumerate(rows)])
    return targets, np.unique(groups, return_inverse=True)[1]


def draw(targets: Floats, group_of: Ints, share: float, seed: int, *, positive_only: bool) -> tuple[bool, bool]:
    """Deal the groups to files and flip labels in the first one; return whether it, and whether another, is noticed."""
    generator = np.random.default_rng(seed)
    sources = generator.integers(0, FILES, group_of.max() + 1).astype(np.uint32)[group_of]
    flipped = (sources == 0) & (generator.random(len(targets)) < share)
    if positive_only:
        flipped &= targets == 1
    found = find_shifts(np.where(flipped, 1 - targets, targets), group_of, sources, FILES)
    return 0 in found, bool(found.keys() - {0})


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds imdb/ and adult/")
    parser.add_argument("--draws", type=int, default=100, help="of each case")
    arguments = parser.parse_args()
    data = {
        "reviews": load(arguments.data / "imdb" / "train.csv.gz", "label", "positive", "title"),
        "income": load(arguments.data / "adult" / "adult.csv.gz", "income", ">50K", None),
    }
    for name, (targets, group_of) in data.items():
        for positive_only in (False, True):
            for share in SHARES:
                seen = [
                    draw(targets, group_of, share, seed, positive_only=positive_only) for seed in range(arguments.draws)
                ]
                noticed, suspected = (sum(column) for column in zip(*seen, strict=True))
                way = "positive labels only" if positive_only else "either way"
                print(f"{name}, {way}, {share:.0%} flipped: noticed {noticed}, a good file suspected {suspected}")


if __name__ == "__main__":
    main()
