"""What of a text the drift check looks at: which common words it holds, its length, and how usual its words are.

The vocabulary is that of the rows a model was fitted on: words of at least `LEAST_DOCUMENTS` of them, most common (by
documents) first. The first `WORDS` are compared one by one; the others only tell that a word is not new. A text has
four measures: its ``length`` in tokens, its ``likelihood`` (mean natural logarithm of its tokens' shares in those rows,
with one share for all tokens outside the first `WORDS`), the ``known`` share of its tokens among them, and words as
presences. Word counts within a text are not compared: they have too many ties, and follow its length.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from training.learners.ngrams import UNKNOWN
from training.learners.vocabulary import Encoded, presence

Floats = npt.NDArray[np.float64]

WORDS = 5_000
LEAST_DOCUMENTS = 2
MEASURES = ("length", "likelihood", "known")


@dataclass(frozen=True)
class Vocabulary:
    """Words, most common first, and the logarithm of each compared word's share of all tokens; last, that of others."""

    words: Sequence[str]
    logs: Floats

    @property
    def compared(self) -> int:
        """How many words are compared one by one."""
        return len(self.logs) - 1


@dataclass(frozen=True)
class Described:
    """Texts by their measures, each of shape (texts,), NaN where a text has no token; and their words.

    ``words`` is a matrix of ones, shape (texts, compared words).
    """

    measures: dict[str, Floats]
    words: sparse.csr_matrix


def learn(documents: Encoded) -> Vocabulary:
    """Return the vocabulary of texts; equally common words are in the order of the alphabet."""
    size = len(documents.names)
    found = presence(documents.tokens.astype(np.int32)[:, None], documents.starts, size)
    frequency = np.bincount(found.indices, minlength=size)
    common = [number for number in range(size) if frequency[number] >= LEAST_DOCUMENTS]
    common.sort(key=lambda number: (-frequency[number], documents.names[number]))
    times = np.bincount(documents.tokens[documents.tokens != UNKNOWN], minlength=size)
    compared = times[common[:WORDS]]
    # One more of each, as if every kind of token had been seen once before.
    counts = np.append(compared, times.sum() - compared.sum()) + 1.0
    return Vocabulary([documents.names[number] for number in common], np.log(counts / counts.sum()))


def describe(documents: Encoded, vocabulary: Vocabulary) -> Described:
    """Return what is looked at of texts."""
    places = {word: place for place, word in enumerate(vocabulary.words[: vocabulary.compared])}
    known = np.array([*(places.get(name, UNKNOWN) for name in documents.names), UNKNOWN], np.int64)
    found = known[documents.tokens]
    inside = documents.tokens != UNKNOWN  # all but the ends of texts
    length = _sums(inside, documents)
    with np.errstate(invalid="ignore"):  # of a text without a token
        measures = {
            "length": length,
            "likelihood": _sums(np.where(inside, vocabulary.logs[found], 0.0), documents) / length,
            "known": _sums(found != UNKNOWN, documents) / length,
        }
    words = presence(found.astype(np.int32)[:, None], documents.starts, vocabulary.compared)
    return Described(measures, words)


def _sums(values: npt.NDArray[np.generic], documents: Encoded) -> Floats:
    if not len(documents):
        return np.zeros(0)
    return np.add.reduceat(values.astype(np.float64), documents.starts[:-1])
