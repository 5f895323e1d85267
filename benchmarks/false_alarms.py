"""Measures how often the drift check of texts alarms without drift, and how often it sees one.

``python -m benchmarks.false_alarms --data FOLDER``, where FOLDER holds imdb/train.csv.gz and test.csv.gz and, for
power, amazon/books.csv.gz and dvd.csv.gz. Each partition deals the films of IMDB anew to the model's side (vocabulary
and a naive Bayes that gives the scores), to the baseline and to windows. A window is rows drawn at random, or whole
films; its groups are films. Printed are the shares of windows below the level, with their standard errors.
"""

import argparse
import csv
import gzip
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.learners.vocabulary import Encoded, encode
from training.monitor.baseline import Baseline, of_rows
from training.monitor.documents import MEASURES, Floats, Vocabulary, describe, learn
from training.monitor.null import Ints
from training.monitor.rows import SCORE, Looked
from training.monitor.rule import judge, smallest_chance
from training.resampling import Groups
from training.text import tokenize

NAMES = [*(f"text.{measure}" for measure in MEASURES), SCORE]
MODEL_SHARE, BASELINE_SHARE = 0.2, 0.4


@dataclass(frozen=True)
class Texts:
    """Encoded texts, which are positive, and the film (of others: the text) of each."""

    encoded: Encoded
    positive: Ints
    film: Ints

    def take(self, rows: Ints) -> "Texts":
        """Return these texts."""
        starts = self.encoded.starts
        lengths = (starts[1:] - starts[:-1])[rows]
        ends = np.cumsum(lengths)
        within = np.arange(lengths.sum()) - np.repeat(ends - lengths, lengths)
        tokens = self.encoded.tokens[np.repeat(starts[:-1][rows], lengths) + within]
        return Texts(
            Encoded(self.encoded.names, tokens, np.concatenate([[0], ends])), self.positive[rows], self.film[rows]
        )


@dataclass(frozen=True)
class Scorer:
    """A naive Bayes of words' presence: enough of a model for a score that means something, and fitted in no time."""

    vocabulary: Vocabulary
    weights: Floats

    @classmethod
    def fit(cls, texts: Texts) -> "Scorer":
        """Learn the vocabulary, and each word's logarithm of odds."""
        vocabulary = learn(texts.encoded)
        words = describe(texts.encoded, vocabulary).words
        by_label = [np.asarray(words[texts.positive == label].sum(axis=0)).ravel() + 1.0 for label in (0, 1)]
        return cls(vocabulary, np.log(by_label[1] / by_label[1].sum()) - np.log(by_label[0] / by_label[0].sum()))

    def look(self, texts: Texts) -> Looked:
        """Return the texts as the check looks at them."""
        described = describe(texts.encoded, self.vocabulary)
        scores = described.words @ self.weights
        return Looked(
            np.column_stack([*(described.measures[name] for name in MEASURES), scores]), {}, {"text": described.words}
        )


def load(data: Path, names: Sequence[str]) -> Iterator[tuple[str, int, str]]:
    """Yield the texts of files, whether they are positive, and their film."""
    for name in names:
        with gzip.open(data / name, "rt", encoding="utf-8", newline="") as file:
            for number, row in enumerate(csv.DictReader(file)):
                yield row["text"], int(row["label"] == "positive"), row.get("title") or f"{name} {number}"


def alarm(baseline: Baseline, scorer: Scorer, texts: Texts) -> float:
    """Return the p-value of a window."""
    looked = scorer.look(texts)
    rows, null = baseline.cells.features(looked), baseline.null
    shares = np.asarray(rows.mean(axis=0)).ravel()
    differences = null.differences(rows, Groups.of([str(film) for film in texts.film]))
    figures = judge(baseline.cells.blocks, shares - null.shares, differences, null.shares, rows.shape[0])
    return smallest_chance(figures)


def whole_films(films: Ints, rows: int, random: np.random.Generator) -> Ints:
    """Return the places of whole films' rows, until there are as many as asked for."""
    order = random.permutation(np.unique(films))
    times = np.bincount(films, minlength=int(films.max()) + 1)[order]
    chosen = order[: int(np.searchsorted(np.cumsum(times), rows)) + 1]
    return np.flatnonzero(np.isin(films, chosen))[:rows]


def windows(
    side: Ints, texts: Texts, size: int, foreign: dict[str, Ints], random: np.random.Generator
) -> Iterator[tuple[str, Ints]]:
    """Yield the places of windows without drift and, of a thousand rows, of windows with it."""
    if size > len(side):
        return
    yield f"random {size}", random.choice(side, size, replace=False)
    yield f"whole films {size}", side[whole_films(texts.film[side], size, random)]
    if size != 1_000:  # noqa: PLR2004 - where power is asked for
        return
    for draw in ("random", "whole films"):
        for name, share in (("books", 0.25), ("dvd", 0.1), ("books", 1.0)):
            if name in foreign:
                other = random.choice(foreign[name], int(size * share), replace=False)
                kept = size - len(other)
                own = (
                    random.choice(side, kept, replace=False)
                    if draw == "random"
                    else side[whole_films(texts.film[side], kept, random)][:kept]
                )
                yield f"{draw} {size}, {share:.0%} {name}", np.concatenate([own, other])
    positive = texts.positive[side] == 1
    half = [random.choice(side[positive], 550, replace=False), random.choice(side[~positive], 450, replace=False)]
    yield f"random {size}, 55 % positive", np.concatenate(half)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds imdb/ (and amazon/)")
    parser.add_argument("--partitions", type=int, default=200)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--sizes", type=int, nargs="+", default=[250, 1_000, 5_000])
    parser.add_argument("--level", type=float, default=0.05)
    arguments = parser.parse_args()
    own = ["imdb/train.csv.gz", "imdb/test.csv.gz"]
    others = [name for name in ("books", "dvd") if (arguments.data / "amazon" / f"{name}.csv.gz").is_file()]
    rows = list(load(arguments.data, own))
    first = {"imdb": (0, len(rows))}
    for name in others:
        begin = len(rows)
        rows += load(arguments.data, [f"amazon/{name}.csv.gz"])
        first[name] = (begin, len(rows))
    texts = Texts(
        encode(tokenize(text) for text, _, _ in rows),
        np.array([positive for _, positive, _ in rows]),
        Groups.of([film for _, _, film in rows]).of_row,
    )
    foreign = {name: np.arange(*first[name]) for name in others}
    found: dict[str, list[float]] = defaultdict(list)
    began = time.perf_counter()
    for seed in range(arguments.first_seed, arguments.first_seed + arguments.partitions):
        random = np.random.default_rng(seed)
        films = texts.film[: first["imdb"][1]]
        dealt = random.random(int(films.max()) + 1)[films]
        model = texts.take(np.flatnonzero(dealt < MODEL_SHARE))
        scorer = Scorer.fit(model)
        chosen = texts.take(np.flatnonzero((dealt >= MODEL_SHARE) & (dealt < MODEL_SHARE + BASELINE_SHARE)))
        groups = Groups.of([str(film) for film in chosen.film])
        baseline = of_rows(NAMES, {"text": scorer.vocabulary}, scorer.look(chosen), groups)
        side = np.flatnonzero(dealt >= MODEL_SHARE + BASELINE_SHARE)
        for size in arguments.sizes:
            for name, places in windows(side, texts, size, foreign, random):
                found[name].append(alarm(baseline, scorer, texts.take(places)))
        print(f"{seed}: {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
    for name, chances in found.items():
        alarms = np.array(chances) <= arguments.level
        error = np.sqrt(alarms.mean() * (1 - alarms.mean()) / len(alarms))
        print(f"{name}: {alarms.mean():.3f} of {len(alarms)} windows at {arguments.level} (standard error {error:.3f})")


if __name__ == "__main__":
    main()
