"""Learns an n-gram vocabulary: what occurs in enough documents, counted with sorts instead of dictionaries.

All documents are one flat array of token numbers. Peak memory is a few arrays of that length (8 bytes a token).
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np
from scipy import sparse

from training.learners.ngrams import UNKNOWN, Features, Ints, NGrams, join, search


@dataclass(frozen=True)
class Encoded:
    """Documents as numbers: document i is ``tokens[starts[i] : starts[i + 1] - 1]``, an `UNKNOWN` after each.

    ``names`` are the tokens that the numbers stand for.
    """

    names: Sequence[str]
    tokens: Ints
    starts: Ints

    def __len__(self) -> int:
        return len(self.starts) - 1

    def cut(self, first: int, last: int) -> "Encoded":
        """Return documents ``first`` to ``last - 1``; the numbers keep their meaning."""
        begin, end = self.starts[first], self.starts[last]
        return Encoded(self.names, self.tokens[begin:end], self.starts[first : last + 1] - begin)


def encode(documents: Iterable[Sequence[str]]) -> Encoded:
    """Return documents as numbers, given to tokens in the order in which they appear."""
    numbers = defaultdict[str, int](count().__next__)
    parts = [np.zeros(0, np.int32)]
    for tokens in documents:
        encoded = np.full(len(tokens) + 1, UNKNOWN, np.int32)
        encoded[:-1] = np.fromiter(map(numbers.__getitem__, tokens), np.int32, len(tokens))
        parts.append(encoded)
    starts = np.cumsum([len(part) for part in parts])
    return Encoded(list(numbers), np.concatenate(parts).astype(np.int64), starts)


def learn(documents: Encoded, *, orders: int, min_documents: int) -> tuple[NGrams, Features]:
    """Return the n-grams of up to ``orders`` tokens that occur in at least so many documents, and where they do.

    The second result is what `NGrams.locate` gives for the documents' tokens; it comes for free here.
    """
    counted = _documents(documents.tokens, documents.starts, len(documents.names))
    frequent = np.flatnonzero(counted >= min_documents).tolist()
    by_name = sorted(frequent, key=documents.names.__getitem__)  # the order must not depend on the documents'
    tokens = _renumber(by_name, len(documents.names))[documents.tokens]
    local, found, codes = tokens, [tokens], list[Ints]()
    first = len(by_name)
    for order in range(1, orders):
        joined = join(local, tokens, order, len(by_name))
        repeated = _repeated(joined, min_documents)
        local = search(repeated, joined)
        common = np.flatnonzero(_documents(local, documents.starts, len(repeated)) >= min_documents)
        local = _renumber(common, len(repeated))[local]
        codes.append(repeated[common])
        found.append(np.where(local == UNKNOWN, UNKNOWN, local + first))
        first += len(common)
    names = {documents.names[number]: place for place, number in enumerate(by_name)}
    return NGrams(names, tuple(codes)), np.stack(found, axis=1, dtype=np.int32, casting="same_kind")


def presence(found: Features, starts: Ints, size: int) -> sparse.csr_matrix:
    """Return which document holds which feature, as a matrix of ones, shape (documents, size)."""
    known = found != UNKNOWN
    counts = np.concatenate([[0], np.cumsum(known.sum(axis=1))])
    indices = found[known]
    ones = np.ones(len(indices), np.float32)
    matrix = sparse.csr_matrix((ones, indices, counts[starts]), shape=(len(starts) - 1, size))
    matrix = matrix.tocsc().tocsr()  # puts the features of each document in order in half the time of a sort
    matrix.sum_duplicates()
    matrix.data[:] = 1
    return matrix


def _renumber(kept: Sequence[int] | Ints, size: int) -> Ints:
    """Return the map from old numbers to places among the kept ones; `UNKNOWN` (its last element) stays unknown."""
    places = np.full(size + 1, UNKNOWN, np.int64)
    places[kept] = np.arange(len(kept))
    return places


def _repeated(codes: Ints, times: int) -> Ints:
    """Return the sorted distinct known codes that occur at least so often."""
    ordered = np.sort(codes[codes >= 0])
    changes = np.flatnonzero(np.diff(ordered, prepend=UNKNOWN, append=UNKNOWN))
    return ordered[changes[:-1]][np.diff(changes) >= times] if len(ordered) else ordered


def _documents(features: Ints, starts: Ints, size: int) -> Ints:
    """Return in how many documents each feature occurs, shape (size,)."""
    matrix = presence(features.astype(np.int32)[:, None], starts, size)
    return np.bincount(matrix.indices, minlength=size)
