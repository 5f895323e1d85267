"""When a window is called drifted: one decision over all that is looked at, right as often as its level says.

Each figure is a function of how the window's shares differ from the baseline's: of a number's cells the largest
distance of the distribution functions (Kolmogorov-Smirnov's), of categories the sum of their squared deviations, of
words both the sum and the largest one. Deviations are divided by their standard error over the draws of the null.
A figure's p-value is how many draws reach it; the decision rests on the smallest of them, compared with the smallest
of each draw (Westfall and Young 1993, single step): whatever the figures' dependence, an alarm without drift is as
rare as the level. Holm's correction needs no draws of them together, but pays for every figure as if it were alone.

The price: with ``n`` figures and ``d`` draws no p-value is below about ``n / d``, so small levels need many draws; and
no figure sees everything: what moves nothing but the order of words, or words outside the vocabulary, is not seen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from training.monitor.null import Floats, Ints, Singles

Kind = Literal["number", "categories", "words"]

LEAST_ROWS_WITH_WORD = 5  # expected in the window, of a word that is compared


@dataclass(frozen=True)
class Block:
    """Features that are looked at together: a column's cells in their order, or words."""

    name: str
    kind: Kind
    first: int
    last: int


@dataclass(frozen=True)
class Figure:
    """What was found of one figure: its value, its p-value, and that corrected for all figures of the window."""

    value: float
    chance: float
    corrected: float


def judge(
    blocks: Sequence[Block], difference: Floats, differences: Singles, shares: Floats, rows: int
) -> dict[str, Figure]:
    """Return every figure of a window by name.

    Parameters
    ----------
    blocks
        What lies where among the features.
    difference
        How much larger the window's shares are, shape (features,).
    differences
        The same without drift, shape (draws, features); see `null`.
    shares
        The baseline's, shape (features,).
    rows
        The window's.
    """
    error = differences.std(axis=0, dtype=np.float64)
    everything = np.vstack([difference, differences])
    figures: dict[str, Floats] = {}
    for block in blocks:
        inside = slice(block.first, block.last)
        figures |= _figures(block, everything[:, inside], error[inside], shares[inside] * rows)
    found = np.column_stack([*figures.values()])
    ranks = np.column_stack([_ranks(figure) for figure in found.T])
    smallest = np.sort(ranks[1:].min(axis=1))
    corrected = 1 + np.searchsorted(smallest, ranks[0], "right")
    return {
        name: Figure(float(found[0, place]), *(float(rank[place]) / len(found) for rank in (ranks[0], corrected)))
        for place, name in enumerate(figures)
    }


def smallest_chance(figures: Mapping[str, Figure]) -> float:
    """Return the window's p-value: that of its most unusual figure, corrected."""
    return min(figure.corrected for figure in figures.values())


def words_moved(block: Block, difference: Floats, differences: Singles, shares: Floats, rows: int) -> Floats:
    """Return by how many standard errors each word of a block is more frequent; NaN if it is too rare to tell."""
    inside = slice(block.first, block.last)
    error = differences[:, inside].std(axis=0, dtype=np.float64)
    usable = _usable(error, shares[inside] * rows)
    moved = np.full(len(error), np.nan)
    moved[usable] = difference[inside][usable] / error[usable]
    return moved


def _figures(block: Block, found: npt.NDArray[np.floating], error: Floats, expected: Floats) -> dict[str, Floats]:
    if block.kind == "number":
        return {block.name: np.abs(np.cumsum(found, axis=1)).max(axis=1).astype(np.float64)}
    usable = _usable(error, expected if block.kind == "words" else np.full(len(error), np.inf))
    if not usable.any():
        return {}
    squares = (found[:, usable] / error[usable]) ** 2
    total = {block.name: squares.sum(axis=1, dtype=np.float64)}
    return total if block.kind == "categories" else total | {f"{block.name}:largest": squares.max(axis=1)}


def _usable(error: Floats, expected: Floats) -> npt.NDArray[np.bool_]:
    usable: npt.NDArray[np.bool_] = (error > 0) & (expected >= LEAST_ROWS_WITH_WORD)
    return usable


def _ranks(figure: Floats) -> Ints:
    """Return, for the window (first) and for each draw, how many draws reach it; each counts as reaching itself."""
    ordered = np.sort(figure[1:])
    reached = len(ordered) - np.searchsorted(ordered, figure, "left")
    reached[0] += 1
    return reached
