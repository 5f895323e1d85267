"""A window of captured rows, counted as it is read: memory does not grow with it.

Kept are counts by cell, how many rows hold each common word, the words that the vocabulary lacks, and a sample of rows
as features for the null; who else wants to see every row is an observer. Captured requests do not say which group their
rows are of, so rows one after the other are taken as groups of the same sizes as the baseline's, in an order of chance:
right where rows that resemble each other come in runs, and cautious where they do not. With groups of one size, the
average, whole windows of films alarmed: what stands in the baseline's small groups only could not be dealt in their
place. The price: what comes in longer runs is taken for surer than it is.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy import sparse

from chalicelib.core.spec import PipelineSpec
from chalicelib.core.values import Value
from training.learners.ngrams import UNKNOWN
from training.learners.vocabulary import Encoded, presence
from training.monitor.baseline import Cells
from training.monitor.edges import Counts, Floats, Ints, count
from training.monitor.rows import encode_texts, look
from training.monitor.sample import RowName, Sample
from training.resampling import Groups

Bools = npt.NDArray[np.bool_]

ROWS = 1_000  # looked at together
SAMPLE = 20_000  # rows that are kept as features
MOST_WORDS = 200_000  # that the vocabulary lacks, remembered at once


@dataclass(frozen=True)
class Batch:
    """Rows that are looked at together: what the model answered, their groups (never falling), and which they are.

    ``called`` says which rows the model called positive, of a regression none.
    """

    rows: Sequence[Mapping[str, Value]]
    scores: Floats
    called: Bools
    groups: Ints
    references: Sequence[RowName]


class Observer(Protocol):
    """Whoever looks at every row of a window, too."""

    def see(self, batch: Batch) -> None:
        """Take the next rows; a group may go on from one batch to the next."""


@dataclass
class Tokens:
    """How many tokens a window's texts have, and how many of those are words that the vocabulary lacks."""

    all: int = 0
    unknown: int = 0

    def count(self, documents: Encoded, words: AbstractSet[str]) -> None:
        """Count texts; ``words`` are those of the vocabulary."""
        known = np.array([*(name in words for name in documents.names), True])  # the last one: ends of texts
        self.all += int(np.count_nonzero(documents.tokens != UNKNOWN))
        self.unknown += int(np.count_nonzero(~known[documents.tokens]))


class Window:
    """What was counted so far; ``runs`` is how many rows one after the other are a group, over and over again."""

    def __init__(self, spec: PipelineSpec, cells: Cells, runs: Ints, observers: Sequence[Observer] = ()) -> None:
        self._spec = spec
        self._cells = cells
        self._ends = np.cumsum(runs)
        self._observers = observers
        self._known = {name: frozenset(words.words) for name, words in cells.vocabularies.items()}
        self._waiting: list[Mapping[str, Value]] = []
        self._scores: list[float] = []
        self._groups: list[int] = []
        self._called: list[bool] = []
        self._references: list[RowName] = []
        self._taken = 0  # rows, those that wait among them
        self._sample = Sample(SAMPLE)
        self.rows = 0
        self.counts: dict[str, Counts] = {}
        self.words = {name: np.zeros(words.compared, np.int64) for name, words in cells.vocabularies.items()}
        self.new_words: dict[str, Counter[str]] = {name: Counter() for name in cells.vocabularies}
        self.tokens = {name: Tokens() for name in cells.vocabularies}

    @property
    def groups(self) -> int:
        """How many groups of rows there were."""
        return int(self._groups_of(np.array([self._taken - 1]))[0]) + 1

    def add(
        self,
        rows: Sequence[Mapping[str, Value]],
        scores: Sequence[float],
        request: str = "",
        called: Sequence[bool] = (),
    ) -> None:
        """Count a request's rows; ``request`` is its id, if known, and ``called`` which rows were called positive."""
        self._waiting += rows
        self._scores += scores
        self._called += called or [False] * len(rows)
        self._groups += self._groups_of(np.arange(self._taken, self._taken + len(rows))).tolist()
        self._references += [RowName(request, index) for index in range(len(rows))]
        self._taken += len(rows)
        if len(self._waiting) >= ROWS:
            self.settle()

    def settle(self) -> None:
        """Count what waits; to be called once more at the end."""
        if not self._waiting:
            return
        texts = encode_texts(self._spec, self._waiting)
        looked = look(self._spec, self._cells.vocabularies, self._waiting, texts, np.array(self._scores))
        numbers = count([looked.numbers], [*self._cells.edges.values()])
        now = dict(zip(self._cells.edges, numbers, strict=True)) | self._cells.count_categories(looked)
        self.counts = {name: _add(self.counts[name], counts) if self.counts else counts for name, counts in now.items()}
        for name, words in looked.words.items():
            self.words[name] += np.bincount(words.indices, minlength=words.shape[1])
            self._count_new(name, texts[name])
        batch = Batch(
            self._waiting,
            np.array(self._scores),
            np.array(self._called, np.bool_),
            np.array(self._groups, np.int64),
            self._references,
        )
        self._sample.add(self._cells.features(looked), batch.groups, batch.references)
        for observer in self._observers:
            observer.see(batch)
        self.rows += len(self._waiting)
        self._waiting, self._scores, self._called, self._groups, self._references = [], [], [], [], []

    def shares(self) -> Floats:
        """Return the share of rows with each feature."""
        return self._cells.sums(self.counts, self.words) / max(1, self.rows)

    def sample(self) -> tuple[sparse.csr_matrix, Groups]:
        """Return the kept rows as features, and their groups; whole groups, spread evenly over the window."""
        return self._sample.rows()

    @property
    def references(self) -> Sequence[RowName]:
        """Which rows `sample` has, in its order."""
        return self._sample.references

    def _groups_of(self, places: Ints) -> Ints:
        """Return the groups of rows by their place in the window."""
        rounds, within = np.divmod(places, self._ends[-1])
        groups: Ints = rounds * len(self._ends) + np.searchsorted(self._ends, within, "right")
        return groups

    def _count_new(self, name: str, documents: Encoded) -> None:
        found = presence(documents.tokens.astype(np.int32)[:, None], documents.starts, len(documents.names))
        times = np.bincount(found.indices, minlength=len(documents.names)).tolist()
        counter = self.new_words[name]
        self.tokens[name].count(documents, self._known[name])
        for word, rows in zip(documents.names, times, strict=True):
            if word not in self._known[name]:
                counter[word] += rows
        if len(counter) > MOST_WORDS:  # those seen once are forgotten: counts of rare words may be too low
            self.new_words[name] = Counter({word: rows for word, rows in counter.items() if rows > 1})


def _add(one: Counts, other: Counts) -> Counts:
    return Counts(one.cells + other.cells, one.missing + other.missing)
