"""From tokens to n-gram features: a vocabulary of integers, looked up with binary search instead of strings.

A token's feature is its place in the vocabulary. An n-gram's code is ``feature of its first n-1 tokens within their
order * number of tokens + its last token``; the codes of an order are kept sorted, so a million n-grams are one array
of 8 MB that loads in no time. Codes with an unknown part are unknown, which is also how documents are kept apart in
one flat array: a separator between them belongs to no n-gram.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

UNKNOWN = -1
Ints = npt.NDArray[np.int64]
Features = npt.NDArray[np.int32]


@dataclass(frozen=True)
class NGrams:
    """A vocabulary: ``tokens`` to their features, and the sorted ``codes`` of each order from 2 upwards."""

    tokens: Mapping[str, int]
    codes: tuple[Ints, ...]

    @property
    def size(self) -> int:
        """The number of features of all orders."""
        return len(self.tokens) + sum(len(codes) for codes in self.codes)

    def encode(self, tokens: Iterable[str]) -> Ints:
        """Return each token's number, `UNKNOWN` where it has none."""
        get = self.tokens.get
        return np.array([get(token, UNKNOWN) for token in tokens], np.int64)

    def locate(self, tokens: Ints) -> Features:
        """Return the features that start at each token.

        Parameters
        ----------
        tokens
            Encoded tokens, shape (n,); documents separated by `UNKNOWN`.

        Returns
        -------
        Features, shape (n, orders); `UNKNOWN` where an n-gram is not in the vocabulary or runs over the end.
        """
        found = np.full((len(tokens), 1 + len(self.codes)), UNKNOWN, np.int32)
        found[:, 0] = tokens
        local, first = tokens, len(self.tokens)
        for order, codes in enumerate(self.codes, start=1):
            local = search(codes, join(local, tokens, order, len(self.tokens)))
            found[:, order] = np.where(local == UNKNOWN, UNKNOWN, local + first)
            first += len(codes)
        return found


def join(prefix: Ints, tokens: Ints, order: int, vocabulary: int) -> Ints:
    """Return the code of each prefix of ``order`` tokens joined with the token after it, `UNKNOWN` where either is."""
    codes = np.full(len(tokens), UNKNOWN, np.int64)
    if len(tokens) > order:
        head, tail = prefix[:-order], tokens[order:]
        codes[:-order] = np.where((head >= 0) & (tail >= 0), head * vocabulary + tail, UNKNOWN)
    return codes


def search(codes: Ints, wanted: Ints) -> Ints:
    """Return each wanted code's place among the sorted ``codes``, `UNKNOWN` where it is not."""
    if not len(codes):
        return np.full(len(wanted), UNKNOWN, np.int64)
    place = np.searchsorted(codes, wanted)
    place[place == len(codes)] = 0
    return np.where(codes[place] == wanted, place, UNKNOWN)
