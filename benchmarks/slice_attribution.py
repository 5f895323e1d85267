"""Measures how often a slice's feature attributions are called drifted: where nothing drifted, and where something did.

``python -m benchmarks.slice_attribution --data FOLDER``, where FOLDER holds adult/adult.csv.gz and imdb/train.csv.gz
and test.csv.gz. Each pipeline is trained once and rows that it was not fitted on are explained once; then they are
dealt anew for each draw, in whole groups, a part of them to a baseline and the others to windows, and of both at most
as many rows as a check explains are looked at. Of reviews the groups are films, and windows know them. Printed are how
many slices were told and listed, how many windows had one listed, and the CPU seconds a window: with OMP_NUM_THREADS=1
those of a job.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import sparse

from benchmarks.tabular import learn
from chalicelib.core.spec import PipelineSpec
from chalicelib.core.values import Value
from chalicelib.pipelines import income, reviews
from training import cuts
from training.learners.model import Loaded
from training.monitor.attribution import Contributions, Explained, attribute, choose, some_rows
from training.monitor.contributions import explainer_of
from training.monitor.parts import Partition
from training.monitor.slice_attribution import find, violations
from training.records import read_records
from training.resampling import Groups

LEVEL = 0.05
SIZES = (800, 2_000)
BASELINE = 0.5  # share of the groups
YOUNG = 35  # years

Ints = npt.NDArray[np.int64]
Choose = Callable[[Ints, np.random.Generator], Ints]


@dataclass(frozen=True)
class Rows:
    """Rows that a model was not fitted on, what each feature contributed to its answers, and their groups."""

    spec: PipelineSpec
    rows: Sequence[Mapping[str, Value]]
    values: sparse.csr_matrix
    groups: Groups

    @classmethod
    def of(cls, loaded: Loaded, rows: Sequence[Mapping[str, Value]], groups: Groups) -> "Rows":
        """Explain rows."""
        explainer = explainer_of(loaded.model)
        assert explainer is not None
        return cls(loaded.spec, rows, explainer.explain(rows).tocsr(), groups)

    def baseline(self, places: Ints) -> tuple[Partition, Contributions]:
        """Return the parts that these rows are cut into, and what is kept of some of them."""
        rows, groups = self._take(places), self.groups.take(places)
        columns = self.spec.columns
        learnt = [cuts.learn(column, [cuts.reduce(column, row[column.name]) for row in rows]) for column in columns]
        partition = Partition(self.spec, learnt, {column.name: frozenset() for column in columns})
        some = some_rows(groups)
        members = partition.members([rows[place] for place in some.tolist()])
        return partition, choose("", self.values[places[some]], groups.take(some), members)

    def window(self, places: Ints, partition: Partition, baseline: Contributions) -> Explained:
        """Return what a check keeps of these rows."""
        values = self.values[places][:, baseline.features].tocsr()
        return Explained(values, self.groups.take(places), partition.members(self._take(places)))

    def _take(self, places: Ints) -> list[Mapping[str, Value]]:
        return [self.rows[place] for place in places.tolist()]


def measure(name: str, rows: Rows, draws: int, choose_rows: Choose) -> None:
    """Print what is told of windows of some of the rows that a baseline leaves."""
    told = listed = windows = overall = 0
    spent = 0.0
    for seed in range(draws):
        random = np.random.default_rng(seed)
        inside = (random.random(rows.groups.count) < BASELINE)[rows.groups.of_row]
        partition, baseline = rows.baseline(np.flatnonzero(inside))
        window = rows.window(choose_rows(np.flatnonzero(~inside), random), partition, baseline)
        every = attribute(baseline, window.values)
        start = time.process_time()
        slices = find(partition, baseline, window, LEVEL)
        spent += time.process_time() - start
        found = len(violations(slices, "", "", LEVEL))
        told, listed, windows = told + len(slices), listed + found, windows + (found > 0)
        overall += every.gain < 0.9 and every.chance is not None and every.chance <= LEVEL  # noqa: PLR2004 - Clarify's
    print(
        f"{name}: {told / draws:.1f} slices told, {listed / draws:.3f} listed; {windows} of {draws} windows had one,"
        f" {overall} all rows; {spent / draws:.2f} CPU s",
        flush=True,
    )


def at_random(count: int) -> Choose:
    """Return what chooses so many rows, each by itself."""
    return lambda left, random: random.choice(left, count, replace=False)


def whole_groups(rows: Rows, count: int) -> Choose:
    """Return what chooses so many rows, group by group in an order of chance."""

    def choose_rows(left: Ints, random: np.random.Generator) -> Ints:
        rank = random.permutation(rows.groups.count)[rows.groups.of_row[left]]
        return left[np.argsort(rank, kind="stable")[:count]]

    return choose_rows


def of_income(data: Path, draws: int) -> None:
    """Measure windows of people like the baseline's, and of the young alone."""
    with tempfile.TemporaryDirectory() as folder:
        loaded, _, held_out = learn(income.SPEC, data / "adult/adult.csv.gz", Path(folder))
    rows = Rows.of(loaded, held_out.rows, Groups(np.arange(len(held_out.rows)), len(held_out.rows)))
    for size in SIZES:
        measure(f"{size} people", rows, draws, at_random(size))
    young = np.array([float(row["age"] or 0) < YOUNG for row in rows.rows], np.bool_)
    measure(f"people under {YOUNG}", rows, draws, lambda left, _: left[young[left]])


def of_reviews(data: Path, draws: int) -> None:
    """Measure windows of reviews of films that the baseline has none of."""
    with tempfile.TemporaryDirectory() as folder:
        loaded, _, _ = learn(reviews.SPEC, data / "imdb/train.csv.gz", Path(folder))
    records = [record.values for record in read_records(data / "imdb/test.csv.gz")]
    texts: list[Mapping[str, Value]] = [{"text": str(record["text"])} for record in records]
    rows = Rows.of(loaded, texts, Groups.of([str(record["title"]) for record in records]))
    for size in SIZES:
        measure(f"{size} reviews", rows, draws, at_random(size))
        measure(f"{size} reviews, whole films", rows, draws, whole_groups(rows, size))


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds adult/ and imdb/")
    parser.add_argument("--draws", type=int, default=150, help="of each kind of window")
    arguments = parser.parse_args()
    of_income(arguments.data, arguments.draws)
    of_reviews(arguments.data, arguments.draws)


if __name__ == "__main__":
    main()
