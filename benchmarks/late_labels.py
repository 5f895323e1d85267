"""Measure how often labels that came later call a model worse: where it is not, where it is, and where labels are odd.

``python -m benchmarks.late_labels --data FOLDER``, where FOLDER holds adult/adult.csv.gz. The pipeline `income` is
trained once; its held-out rows are dealt anew for each draw, half of them to a baseline, `WINDOW` of the others to a
window. Half of the window's rows get their label, by chance or where the model is unsure; in some windows a share of
labels is turned. Printed are the verdicts, the accuracy of the labelled rows as they are and weighted, beside that of
the whole window; and, for windows like the baseline and of the young alone, what the scores let expect.
"""

import argparse
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.tabular import learn
from chalicelib.pipelines.income import SPEC
from training.captured import Captured
from training.ground_truth import Taken
from training.held_out import Answers, HeldOut
from training.metrics import Bools, Floats
from training.monitor.edges import find_edges
from training.monitor.expected import Expected
from training.monitor.labelled import Labelled
from training.monitor.model_quality import Judged, QualityPolicy, describe_baseline, judge
from training.resampling import Groups

WINDOW = 800
TURNED = (0.0, 0.02, 0.05, 0.1)
UNSURE = 0.3  # how near to the threshold a score is of which labels come more often
YOUNG = 30  # years

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Rows:
    """Rows by place: their scores, whether they are called positive, what they are, and who is young."""

    scores: Floats
    called: Bools
    positive: Bools
    young: Bools

    def describe(self, places: Ints) -> tuple[Mapping[str, Any], Floats]:
        """Return a baseline of these rows, and the edges of its scores."""
        count, edges = len(places), find_edges(self.scores[places])
        held_out = HeldOut(
            SPEC,
            [""] * count,
            self.positive[places].astype(np.float64),
            Groups(np.arange(count), count),
            np.zeros(count, np.uint64),
            None,
            [""] * count,
        )
        answers = Answers(self.scores[places], self.called[places], [])
        return describe_baseline(held_out, answers, Expected(edges)), edges

    def window(self, places: Ints, known: Bools, turned: Bools, edges: Floats) -> Labelled:
        """Return these rows as single requests of a window, some with a label, and some of these turned."""
        labelled = Labelled(SPEC, edges)
        for number, place in enumerate(places.tolist()):
            label = SPEC.labels[int(self.positive[place] ^ turned[number])]
            request = Captured([{}], [float(self.scores[place])], called=[bool(self.called[place])])
            labelled.add(request, [Taken(0, label)] if known[number] else [], number)
        labelled.settle()
        return labelled


def read(data: Path) -> Rows:
    """Train, and return the held-out rows with what the model says of them."""
    with tempfile.TemporaryDirectory() as folder:
        loaded, _, held_out = learn(SPEC, data / "adult" / "adult.csv.gz", Path(folder))
    scores = loaded.model.score(held_out.rows)
    return Rows(
        scores,
        scores >= loaded.threshold,
        np.array([target == SPEC.positive_label for target in held_out.targets], np.bool_),
        np.array([float(row["age"] or 0) < YOUNG for row in held_out.rows], np.bool_),
    )


def deal(rows: Rows, draws: int) -> Iterator[tuple[np.random.Generator, Ints, Mapping[str, Any], Floats]]:
    """Yield for each draw the rows that are left for windows, a baseline, and the edges of its scores."""
    for seed in range(draws):
        random = np.random.default_rng(seed)
        order = random.permutation(len(rows.scores))
        half = len(order) // 2
        yield random, order[half:], *rows.describe(order[:half])


def measure_verdicts(rows: Rows, draws: int) -> None:
    """Print how often each verdict is given."""
    for unsure_only in (False, True):
        for share in TURNED:
            verdicts, accuracies = Counter[str](), []
            for random, left, baseline, edges in deal(rows, draws):
                places = left[:WINDOW]
                unsure = np.abs(rows.scores[places] - 0.5) < UNSURE
                chance = np.where(unsure, 0.8, 0.3) if unsure_only else np.full(WINDOW, 0.5)
                turned = random.random(WINDOW) < share
                labelled = rows.window(places, random.random(WINDOW) < chance, turned, edges)
                found = judge(labelled, baseline, QualityPolicy())
                verdicts[found.verdict] += 1
                right = float((rows.called[places] == (rows.positive[places] ^ turned)).mean())
                accuracies.append((right, *_accuracies(found)))
            whole, plain, weighted = np.mean(accuracies, axis=0)
            print(
                f"labels {'of unsure rows' if unsure_only else 'by chance'}, {share:.0%} turned: {dict(verdicts)};"
                f" accuracy {whole:.3f}, of the labelled {plain:.3f}, weighted {weighted:.3f}",
                flush=True,
            )


def _accuracies(found: Judged) -> tuple[float, float]:
    plain = found.statistics["binary_classification_metrics"]["accuracy"]["value"]
    return plain, found.statistics.get("weighted", {}).get("accuracy", {}).get("value", plain)


def measure_expected(rows: Rows, draws: int) -> None:
    """Print how far from the accuracy is what the scores let expect, and what the baseline alone would say."""
    for young_only in (False, True):
        errors = []
        for _, left, baseline, edges in deal(rows, draws):
            places = (left[rows.young[left]] if young_only else left)[:WINDOW]
            expected = Expected(edges)
            expected.add(rows.scores[places], rows.called[places])
            right = float((rows.called[places] == rows.positive[places]).mean())
            before = baseline["metrics"]["accuracy"]["value"]
            errors.append((abs(expected.metrics()["accuracy"] - right), abs(before - right)))
        ours, before = np.mean(errors, axis=0)
        print(
            f"windows {'of the young' if young_only else 'like the baseline'}: accuracy expected from scores is off by"
            f" {ours:.4f} on average, the baseline's by {before:.4f}",
            flush=True,
        )


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds adult/")
    parser.add_argument("--draws", type=int, default=100, help="of each case")
    arguments = parser.parse_args()
    rows = read(arguments.data)
    print(f"{len(rows.scores)} held-out rows, accuracy {(rows.called == rows.positive).mean():.4f}", flush=True)
    measure_expected(rows, arguments.draws)
    measure_verdicts(rows, arguments.draws)


if __name__ == "__main__":
    main()
