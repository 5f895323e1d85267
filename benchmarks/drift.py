"""Measures the drift check's numbers and words beside Evidently's and NannyML's, on the same rows in one run.

``python -m benchmarks.drift [--evidently PYTHON] [--nannyml PYTHON] [--data FOLDER]``. Peers are not requirements of
this project: make an environment for each (``pip install evidently==0.7.23 "pandas<3"``; ``pip install
nannyml==0.13.1 statsmodels``) and give its interpreter; one that is not given is left out. Rows are in memory on all
sides, in the form that each takes. Peers run alone, one after the other, to their ends; ratios are of CPU seconds.
Evidently runs its preset's default test of so many rows, NannyML both of the tests that we have too.

A check has its baseline in a file, made once for a model. Evidently looks at the rows of both sides every time; NannyML
looks at the first side's when a calculator is fitted, which comes before every check unless its user keeps it. So what
NannyML takes is told alone, and with its fit: beside our check, and beside our check and the making of our baseline.

FOLDER holds imdb/train.csv.gz and test.csv.gz, for words: half of the reviews against the other half, once as counts
and once as texts, which are counted on NannyML's side by scikit-learn's CountVectorizer with our tokens and vocabulary.

What was seen is in docs/monitoring.md.
"""

import argparse
import csv
import functools
import gzip
import json
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy import sparse, stats

from training.learners.vocabulary import encode
from training.monitor.columns import Column, Words, compare, compare_words
from training.monitor.documents import describe, learn
from training.monitor.edges import Counts, Floats, Ints, count, find_edges
from training.monitor.window import ROWS
from training.text import tokenize

COLUMNS = 20

PEERS = {
    "evidently": """
import sys, time, numpy as np, pandas as pd, warnings
warnings.simplefilter("ignore")
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset
names = [f"c{i}" for i in range(int(sys.argv[2]))]
read = lambda part: pd.DataFrame(np.load(f"{sys.argv[1]}/{part}.npy"), columns=names)
of = lambda frame: Dataset.from_pandas(frame, data_definition=DataDefinition(numerical_columns=names))
baseline, window = of(read("baseline")), of(read("window"))
start = time.perf_counter(), time.process_time()
found = Report([DataDriftPreset()]).run(window, baseline).dict()["metrics"]
print(time.perf_counter() - start[0], time.process_time() - start[1], 0)
print(sorted({str(m.get("config", m).get("method", "")) for m in found if "config" in m} - {""}))
""",
    "nannyml": """
import sys, time, numpy as np, pandas as pd, warnings
warnings.simplefilter("ignore")
import nannyml
names = [f"c{i}" for i in range(int(sys.argv[2]))]
read = lambda part: pd.DataFrame(np.load(f"{sys.argv[1]}/{part}.npy"), columns=names)
baseline, window = read("baseline"), read("window")
methods = ["jensen_shannon", "kolmogorov_smirnov"]
calculator = nannyml.UnivariateDriftCalculator(column_names=names, chunk_number=1, continuous_methods=methods)
fit = time.process_time()
calculator.fit(baseline)
fit = time.process_time() - fit
if len(sys.argv) > 3:
    import json
    from sklearn.feature_extraction.text import CountVectorizer
    given = json.load(open(f"{sys.argv[1]}/{sys.argv[3]}"))
    tokens = r"[^\\W_]+(?:'[^\\W_]+)*|[!?.,:;()\\"/*]"
    vectorizer = CountVectorizer(vocabulary=given["words"], binary=True, token_pattern=tokens, dtype=np.float32)
start = time.perf_counter(), time.process_time()
if len(sys.argv) > 3:
    window = pd.DataFrame(vectorizer.transform(given["texts"]).toarray(), columns=names)
calculator.calculate(window)
print(time.perf_counter() - start[0], time.process_time() - start[1], fit)
print(methods)
""",
}


class Ours(NamedTuple):
    """What our baseline and our check took, CPU seconds."""

    baseline: float
    check: float


def ask(peer: str, python: Path | None, folder: Path, columns: int, ours: Ours, *, texts: str = "") -> None:
    """Print what a peer takes, and how many times the CPU seconds of ours that is.

    ``texts`` names a file of texts that the peer counts first, in the folder.
    """
    if python is None:
        print(f"  {peer}: left out, since --{peer} names no interpreter that has it")
        return
    command = [str(python), "-c", PEERS[peer], str(folder), str(columns), *([texts] if texts else [])]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"  {peer}: failed: {done.stderr.strip().splitlines()[-1]}")
        return
    seconds, tests = done.stdout.strip().splitlines()[-2:]
    wall, cpu, fit = map(float, seconds.split())
    print(f"  {peer}: {wall:.2f} s, {cpu:.2f} CPU s, {cpu / ours.check:,.1f} times our check; {tests}")
    if fit:
        both, alike = (fit + cpu) / ours.check, (fit + cpu) / sum(ours)
        print(
            f"    with its fit of {fit:.2f} CPU s: {both:,.1f} times our check, {alike:,.1f} times check and baseline"
        )


def timed(name: str, work: Callable[[], object], times: int = 3) -> float:
    """Print what the quickest of some runs took, and, of another one, the memory; return the CPU seconds."""
    spent = []
    for _ in range(times):
        start = time.perf_counter(), time.process_time()
        work()
        spent.append((time.perf_counter() - start[0], time.process_time() - start[1]))
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    cpu = min(cpu for _, cpu in spent)
    print(f"  {name}: {min(spent)[0]:.4f} s, {cpu:.4f} CPU s, {peak / 1e6:.1f} MB extra")
    return cpu


def check_numbers(window: Floats, before: dict[str, Counts], edges: list[Floats]) -> dict[str, Column]:
    """Return what our check finds in numeric columns."""
    return compare(before, dict(zip(before, count([window], edges), strict=True)), frozenset(before))


def numbers(arguments: argparse.Namespace, folder: Path) -> None:
    """Measure numeric columns."""
    random = np.random.default_rng(0)
    for rows in sorted({10_000, arguments.rows}):
        # Half of the columns normal, half skewed; a few have moved a little.
        baseline, window = random.normal(size=(2, rows, COLUMNS))
        window[:, ::5] += 0.01
        baseline[:, 1::2], window[:, 1::2] = np.exp(baseline[:, 1::2]), np.exp(window[:, 1::2])
        names = [f"c{column}" for column in range(COLUMNS)]
        start = time.process_time()
        edges = [find_edges(baseline[:, column]) for column in range(COLUMNS)]
        before = dict(zip(names, count([baseline], edges), strict=True))
        made = time.process_time() - start

        check = functools.partial(check_numbers, window, before, edges)
        print(f"{rows:,} rows of {COLUMNS} numbers; our baseline was made in {made:.2f} CPU s")
        ours = Ours(made, timed("freshet (PSI, JS, chi-squared, KS, p-values)", check))
    found = check()
    worst = max(
        abs((found[name].kolmogorov_smirnov or 0) - stats.ks_2samp(before_, now, method="asymp").statistic)
        for name, before_, now in zip(names, baseline.T, window.T, strict=True)
    )
    print(f"  largest difference from scipy's KS distance: {worst:.6f}")
    np.save(folder / "baseline.npy", baseline)
    np.save(folder / "window.npy", window)
    for peer in PEERS:
        ask(peer, getattr(arguments, peer), folder, COLUMNS, ours)


def words(arguments: argparse.Namespace, folder: Path) -> None:
    """Measure words: 5,000 presences by document, as counts and as texts that are counted first."""
    halves = []
    for name in ("train", "test"):
        with gzip.open(arguments.data / "imdb" / f"{name}.csv.gz", "rt", encoding="utf-8", newline="") as file:
            halves.append([row["text"] for row in csv.DictReader(file)][: arguments.reviews])
    start = time.process_time()
    learnt = encode(map(tokenize, halves[0]))
    vocabulary = learn(learnt)
    baseline = describe(learnt, vocabulary).words
    before = np.bincount(baseline.indices, minlength=vocabulary.compared)
    made = time.process_time() - start

    def look(texts: Sequence[str]) -> sparse.csr_matrix:
        return describe(encode(map(tokenize, texts)), vocabulary).words

    def read() -> Ints:
        """Count words as a check does, some texts at a time."""
        held = np.zeros(vocabulary.compared, np.int64)
        for first in range(0, len(halves[1]), ROWS):
            held += np.bincount(look(halves[1][first : first + ROWS]).indices, minlength=vocabulary.compared)
        return held

    counted = read()

    def check(now: Ints = counted) -> Words:
        return compare_words(before, len(halves[0]), now, len(halves[1]))

    print(f"{len(halves[0]):,} against {len(halves[1]):,} reviews, {vocabulary.compared:,} words")
    print(f"  our baseline was made of its texts in {made:.2f} CPU s")
    compared = timed("freshet (PSI, JS, chi-squared, p-values), window counted", check)
    both = timed("freshet, window's texts read and counted too", lambda: check(read()))
    np.save(folder / "baseline.npy", baseline.toarray().astype(np.float32))
    np.save(folder / "window.npy", look(halves[1]).toarray().astype(np.float32))
    names = vocabulary.words[: vocabulary.compared]
    (folder / "texts.json").write_text(json.dumps({"texts": halves[1], "words": list(names)}))
    ask("nannyml", arguments.nannyml, folder, vocabulary.compared, Ours(made, compared))
    ask("nannyml", arguments.nannyml, folder, vocabulary.compared, Ours(made, both), texts="texts.json")


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    for peer in PEERS:
        parser.add_argument(f"--{peer}", type=Path, help=f"Python of an environment with {peer}")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--data", type=Path, help="folder that holds imdb/")
    parser.add_argument("--reviews", type=int, default=25_000, help="of each half")
    arguments = parser.parse_args()
    print(f"numpy {np.__version__}, Python {sys.version.split()[0]}")
    with tempfile.TemporaryDirectory() as folder:
        numbers(arguments, Path(folder))
        if arguments.data:
            words(arguments, Path(folder))


if __name__ == "__main__":
    main()
