"""Measures how often the drift check of texts alarms without drift, and how often it sees one.

``python -m benchmarks.false_alarms --data FOLDER --found FILE``, where FOLDER holds imdb/train.csv.gz and test.csv.gz
and, for power, amazon/books.csv.gz and dvd.csv.gz. How the films are dealt is said in `benchmarks.film_windows`. A
window is texts drawn at random, or whole films; its groups are films. Every baseline is
asked about several windows without drift, so that the spread of its own false alarms can be told from chance.

What is found is appended to FILE at once, one JSON object a partition, and partitions that are in it are left out: a
run can be ended and taken up again. Printed are the shares of all windows in it that are below the level.

The figures and their weights (`training.monitor.rule`) were chosen on partitions from 900,000 on. After partitions 0 to
76 it was seen that the score's shift needs a scale of its own, after partitions 1,000 to 1,296 that other labels were
seen too seldom; docs/monitoring.md tells others, from 2,000 on.
"""

import argparse
import json
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmarks.film_windows import Corpus, Partition
from training.monitor.grouped import Ints

SIZES = (250, 1_000, 5_000)
TIMES = 2  # windows without drift of each kind and baseline
OF_POWER = 1_000
MIXED = {"books": 0.25, "dvd": 0.1}
POSITIVE = 0.55
PLAIN, PLAIN_EVERY = ("books",), 4  # what is always seen, and whole films, are asked of every fourth partition only


def without_drift(partition: Partition, random: np.random.Generator) -> Iterator[tuple[str, Ints]]:
    """Yield the places of windows."""
    for size in SIZES:
        for _ in range(TIMES):
            yield f"random {size}", random.choice(partition.side, size, replace=False)
            yield f"whole films {size}", partition.whole_films(size, random)


def with_drift(partition: Partition, random: np.random.Generator, *, plain: bool) -> Iterator[tuple[str, Ints]]:
    """Yield the places of windows with texts of another kind among them, or with other labels.

    ``plain`` asks also for those of which few are enough to know.
    """
    side, corpus = partition.side, partition.corpus
    for name, share in MIXED.items():
        if name not in corpus.foreign:
            continue
        other = random.choice(corpus.foreign[name], int(OF_POWER * share), replace=False)
        kept = OF_POWER - len(other)
        if plain or name not in PLAIN:
            yield f"random, {share:.0%} {name}", np.concatenate([random.choice(side, kept, replace=False), other])
        if plain:
            yield f"whole films, {share:.0%} {name}", np.concatenate([partition.whole_films(kept, random), other])
    if plain and "books" in corpus.foreign:
        yield "all books", random.choice(corpus.foreign["books"], OF_POWER, replace=False)
    positive = corpus.positive[side] == 1
    count = round(OF_POWER * POSITIVE)
    for _ in range(TIMES):
        chosen = [random.choice(side[positive], count, False), random.choice(side[~positive], OF_POWER - count, False)]
        yield f"random, {POSITIVE:.0%} positive", np.concatenate(chosen)


def chances(corpus: Corpus, seed: int, level: float, *, drifted: bool) -> dict[str, list[float]]:
    """Return the p-values of a partition's windows by their kind; ``drifted`` asks for windows with drift too."""
    random = np.random.default_rng(seed)
    partition = Partition.deal(corpus, random)
    found = defaultdict(list)
    plain = seed % PLAIN_EVERY == 0
    windows = [*without_drift(partition, random), *(with_drift(partition, random, plain=plain) if drifted else ())]
    for name, rows in windows:
        found[name].append(partition.judge(rows, level).chance)
    return found


def spread(alarms: Sequence[Sequence[bool]]) -> float:
    """Return the standard deviation of baselines' own rates of false alarms, by moments; 0 where chance explains all.

    Two windows of one baseline both alarm with a chance of ``mean of rate^2``, so what that is above ``rate^2`` is the
    variance of the rates.
    """
    each = np.array(alarms, np.float64)
    times = each.shape[1]
    both = (each.sum(axis=1) * (each.sum(axis=1) - 1)).mean() / (times * (times - 1))
    return float(np.sqrt(max(0.0, both - each.mean() ** 2)))


def tell(found: Sequence[Mapping[str, Sequence[float]]], level: float) -> None:
    """Print the shares of alarms."""
    names = dict.fromkeys(name for partition in found for name in partition)
    for name in names:
        alarms = [[chance <= level for chance in partition[name]] for partition in found if name in partition]
        rates = np.array(alarms).mean(axis=1)
        error = rates.std(ddof=1) / np.sqrt(len(rates)) if len(rates) > 1 else np.nan
        line = f"{name}: {rates.mean():.3f} of {len(rates)} partitions' windows at {level} (standard error {error:.3f})"
        print(line + (f", spread over baselines {spread(alarms):.3f}" if len(alarms[0]) > 1 else ""))


def read(file: Path) -> dict[int, Mapping[str, Sequence[float]]]:
    """Return what was found before, by seed; a line that was cut off by the end of a run does not count."""
    found = {}
    for line in file.read_text().splitlines() if file.exists() else ():
        try:
            partition = json.loads(line)
        except json.JSONDecodeError:
            continue
        found[partition["seed"]] = partition["chances"]
    return found


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds imdb/ (and amazon/)")
    parser.add_argument("--found", type=Path, required=True, help="file to which what is found is appended")
    parser.add_argument("--partitions", type=int, default=200)
    parser.add_argument("--drifted", type=int, default=200, help="of the first partitions: windows with drift too")
    parser.add_argument("--first-seed", type=int, default=2_000)
    parser.add_argument("--level", type=float, default=0.05)
    arguments = parser.parse_args()
    seeds = range(arguments.first_seed, arguments.first_seed + arguments.partitions)
    known = read(arguments.found)
    began = time.perf_counter(), time.process_time()
    if any(seed not in known for seed in seeds):
        corpus = Corpus.read(arguments.data)
        if not corpus.agrees(np.random.default_rng(seeds[0]).permutation(corpus.own)):
            sys.exit("the benchmark looks at texts differently from the check")
    for seed in seeds:
        if seed not in known:
            known[seed] = chances(corpus, seed, arguments.level, drifted=seed - seeds[0] < arguments.drifted)
            with arguments.found.open("a") as file:
                file.write(f"\n{json.dumps({'seed': seed, 'chances': known[seed]})}\n")
            wall, cpu = time.perf_counter() - began[0], time.process_time() - began[1]
            print(f"{seed}: {wall:.0f} s, {cpu:.0f} CPU s", file=sys.stderr, flush=True)
    tell([known[seed] for seed in seeds], arguments.level)


if __name__ == "__main__":
    main()
