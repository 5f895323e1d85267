"""Deals real reviews into a model, baselines and windows for the benchmarks of the drift check's alarm, quickly.

A partition deals the films of IMDB anew: a fifth to the model, two fifths to the baseline, two to windows. The model is
the vocabulary, and for the score the shipped linear learner on words and on pairs of words that stand in 40 texts or
more, fitted on its side: its accuracy on the others is 0.90.

Texts are tokenised and counted once for all partitions; what `training.monitor.documents` does text by text is done
here by products of matrices, and `Corpus.agrees` says whether both give the same. The price: all texts' words are in
memory, and pairs cost half a minute once.
"""

import csv
import gzip
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy import sparse

from training.learners.linear import fit_margin
from training.learners.ngrams import UNKNOWN
from training.learners.vocabulary import Encoded, encode
from training.monitor.baseline import Baseline, of_rows
from training.monitor.check import baseline_error
from training.monitor.documents import LEAST_DOCUMENTS, MEASURES, WORDS, Floats, Vocabulary, describe, learn
from training.monitor.grouped import Ints
from training.monitor.null import DRAWS
from training.monitor.rows import SCORE, Looked
from training.monitor.rule import Judged, Seen, decide
from training.resampling import Groups
from training.text import tokenize

NAMES = [*(f"text.{measure}" for measure in MEASURES), SCORE]
MODEL_SHARE, BASELINE_SHARE = 0.2, 0.4
LEAST_PAIRS = 40  # texts that hold a pair of words which the score looks at
PENALTY = 30.0  # inverse, of the score's regression: the shipped pipeline's
FOREIGN = ("books", "dvd")


@dataclass(frozen=True)
class Corpus:
    """Texts as counts of tokens, shape (texts, tokens), which are positive, and the film (of others: the text) of each.

    The first ``own`` texts are IMDB's; ``foreign`` are the places of the others by name. ``order`` is the place of each
    token in the alphabet, ``presence`` which text holds which token or frequent pair of tokens, for the score.
    """

    encoded: Encoded
    counts: sparse.csr_matrix
    order: Ints
    presence: sparse.csr_matrix
    positive: Ints
    film: Ints
    own: int
    foreign: dict[str, Ints]

    @classmethod
    def read(cls, data: Path) -> "Corpus":
        """Read the texts below a folder that holds imdb/ and, for power, amazon/."""
        rows = [*_load(data, "imdb/train"), *_load(data, "imdb/test")]
        own, foreign = len(rows), {}
        for name in FOREIGN:
            if (data / "amazon" / f"{name}.csv.gz").is_file():
                begin = len(rows)
                rows += _load(data, f"amazon/{name}")
                foreign[name] = np.arange(begin, len(rows))
        encoded = encode(tokenize(text) for text, _, _ in rows)
        inside = encoded.tokens != UNKNOWN
        ends = np.concatenate([[0], np.cumsum(inside)])[encoded.starts]
        tokens = encoded.tokens[inside]
        shape = (len(rows), len(encoded.names))
        counts: sparse.csr_matrix = sparse.csr_matrix((np.ones(len(tokens)), tokens.astype(np.int32), ends), shape)
        counts.sum_duplicates()
        order = np.empty(len(encoded.names), np.int64)
        order[sorted(range(len(encoded.names)), key=encoded.names.__getitem__)] = np.arange(len(encoded.names))
        presence, positive = _with_pairs(encoded, counts), np.array([positive for _, positive, _ in rows])
        film = Groups.of([film for *_, film in rows]).of_row
        return cls(encoded, counts, order, presence, positive, film, own, foreign)

    def learn(self, rows: Ints) -> tuple[Vocabulary, Ints]:
        """Return what `documents.learn` does of these texts, and the number of each compared word."""
        counts = self.counts[rows]
        frequency = np.bincount(counts.indices, minlength=counts.shape[1])
        order = np.lexsort([self.order, -frequency])
        common = order[: np.count_nonzero(frequency >= LEAST_DOCUMENTS)]
        times = np.bincount(counts.indices, counts.data, minlength=counts.shape[1])
        compared = times[common[:WORDS]]
        shares = np.append(compared, times.sum() - compared.sum()) + 1.0
        names = [self.encoded.names[number] for number in common.tolist()]
        return Vocabulary(names, np.log(shares / shares.sum())), common[:WORDS]

    def look(self, vocabulary: Vocabulary, compared: Ints, scores: Floats) -> Looked:
        """Return all texts as the check looks at them."""
        logs = np.full(self.counts.shape[1], vocabulary.logs[-1])
        logs[compared] = vocabulary.logs[:-1]
        known = np.zeros(self.counts.shape[1])
        known[compared] = 1.0
        length = self.counts @ np.ones(self.counts.shape[1])
        with np.errstate(invalid="ignore"):  # of a text without a token
            measures = [length, self.counts @ logs / length, self.counts @ known / length]
        places = np.full(self.counts.shape[1], UNKNOWN, np.int64)
        places[compared] = np.arange(len(compared))
        return Looked(np.column_stack([*measures, scores]), {}, {"text": _renumber(self.counts, places, len(compared))})

    def scores(self, rows: Ints) -> Floats:
        """Return every text's margin of the shipped linear learner, fitted on these rows."""
        presence = self.presence
        margin = fit_margin(presence[rows], self.positive[rows] == 1, PENALTY)
        norms = np.sqrt(presence @ margin.squares.astype(np.float64))
        scores: Floats = presence @ margin.weights.astype(np.float64) / np.maximum(norms, margin.floor)
        return scores + margin.intercept

    def agrees(self, rows: Ints) -> bool:
        """Say whether the first thousand of these texts are learnt and looked at as the check's own functions do."""
        some = rows[:1_000]
        lengths = np.diff(self.encoded.starts)[some]
        ends = zip(self.encoded.starts[some], self.encoded.starts[some + 1], strict=True)
        tokens = np.concatenate([self.encoded.tokens[start:end] for start, end in ends])
        texts = Encoded(self.encoded.names, tokens, np.concatenate([[0], np.cumsum(lengths)]))
        vocabulary = learn(texts)
        found, compared = self.learn(some)
        described, looked = describe(texts, vocabulary), self.look(found, compared, np.zeros(self.counts.shape[0]))
        measures = np.column_stack([described.measures[name] for name in MEASURES])
        return (
            list(found.words) == list(vocabulary.words)
            and np.allclose(looked.numbers[some, :-1], measures, rtol=1e-12, equal_nan=True)
            and abs(looked.words["text"][some] - described.words).sum() == 0
        )


@dataclass(frozen=True)
class Partition:
    """One deal of the films: a baseline, every text as features, and the places of the texts of windows."""

    corpus: Corpus
    baseline: Baseline
    features: sparse.csr_matrix
    side: Ints

    @classmethod
    def deal(
        cls, corpus: Corpus, random: np.random.Generator, baseline: float = BASELINE_SHARE, draws: int = DRAWS
    ) -> "Partition":
        """Deal the films; ``baseline`` is that side's share of them, ``draws`` what a check makes at most."""
        films = corpus.film[: corpus.own]
        dealt = random.random(int(films.max()) + 1)[films]
        model = np.flatnonzero(dealt < MODEL_SHARE)
        vocabulary, compared = corpus.learn(model)
        looked = corpus.look(vocabulary, compared, corpus.scores(model))
        chosen = np.flatnonzero((dealt >= MODEL_SHARE) & (dealt < MODEL_SHARE + baseline))
        of_chosen = Looked(looked.numbers[chosen], {}, {"text": looked.words["text"][chosen]})
        groups = Groups.of([str(film) for film in corpus.film[chosen]])
        made = of_rows(NAMES, {"text": vocabulary}, of_chosen, groups)
        made = replace(made, null=replace(made.null, draws=draws))
        side = np.flatnonzero(dealt >= MODEL_SHARE + baseline)
        return cls(corpus, made, made.cells.features(looked), side)

    def groups(self, rows: Ints) -> Groups:
        """Return the films of texts."""
        present, of_row = np.unique(self.corpus.film[rows], return_inverse=True)
        return Groups(of_row.astype(np.int64), len(present))

    def judge(self, rows: Ints, level: float) -> Judged:
        """Judge the window of these texts."""
        features = self.features[rows]
        shares = np.bincount(features.indices, minlength=features.shape[1]) / len(rows)
        seen = Seen(shares, len(rows), features, self.groups(rows))
        return decide(self.baseline.cells.blocks, self.baseline.null, seen, level)[0]

    def in_common(self, rows: Ints) -> float:
        """Return which share of the score's variance in windows like this one is the baseline's."""
        blocks = self.baseline.cells.blocks
        score = [block for block in blocks if block.name == SCORE]
        draws = next(self.baseline.null.rounds(self.features[rows], self.groups(rows)))
        return baseline_error(score, draws)[SCORE]

    def whole_films(self, rows: int, random: np.random.Generator) -> Ints:
        """Return the places of whole films' texts, until there are as many as asked for."""
        films = self.corpus.film[self.side]
        order = random.permutation(np.unique(films))
        times = np.bincount(films, minlength=int(films.max()) + 1)[order]
        chosen = order[: int(np.searchsorted(np.cumsum(times), rows)) + 1]
        return self.side[np.flatnonzero(np.isin(films, chosen))[:rows]]


def _load(data: Path, name: str) -> Iterator[tuple[str, int, str]]:
    """Yield the texts of a file, whether they are positive, and their film."""
    with gzip.open(data / f"{name}.csv.gz", "rt", encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file)):
            yield row["text"], int(row["label"] == "positive"), row.get("title") or f"{name} {number}"


def _with_pairs(encoded: Encoded, counts: sparse.csr_matrix) -> sparse.csr_matrix:
    """Return which text holds which token, and which pair of tokens that stands in enough texts; all ones."""
    size = np.int64(len(encoded.names))
    rows = np.repeat(np.arange(len(encoded), dtype=np.int64), np.diff(encoded.starts))[:-1]
    one, other = encoded.tokens[:-1], encoded.tokens[1:]
    inside = (one != UNKNOWN) & (other != UNKNOWN)
    pairs, number = np.unique(one[inside] * size + other[inside], return_inverse=True)
    held = np.unique(rows[inside] * len(pairs) + number)  # once for a text
    row, pair = held // len(pairs), held % len(pairs)
    frequent = np.bincount(pair, minlength=len(pairs)) >= LEAST_PAIRS
    kept = frequent[pair]
    place = (np.cumsum(frequent) - 1)[pair[kept]]
    shape = (len(encoded), int(frequent.sum()))
    found = sparse.csr_matrix((np.ones(len(place), np.float32), (row[kept], place)), shape)
    presence: sparse.csr_matrix = sparse.hstack([(counts > 0).astype(np.float32), found], "csr")
    return presence


def _renumber(counts: sparse.csr_matrix, places: Ints, size: int) -> sparse.csr_matrix:
    """Return which text holds which of the kept tokens, as a matrix of ones in the order of their places."""
    found = places[counts.indices]
    kept = found != UNKNOWN
    starts = np.concatenate([[0], np.cumsum(kept)])[counts.indptr]
    ones, found = np.ones(int(kept.sum()), np.float32), found.astype(np.int32)
    presence: sparse.csr_matrix = sparse.csr_matrix((ones, found[kept], starts), (counts.shape[0], size))
    return presence
