"""When a window is called drifted: one decision over all that is looked at, right as often as its level says.

Each block of features has figures, functions of how the window's shares differ from the baseline's. Of a number it is
the largest distance of the two distribution functions at the cells' edges, each in its standard errors (Kolmogorov and
Smirnov's, as sensitive to the ends as to the middle). Of categories, the sum of squares of their shares' deviations in
standard errors; of words, that and the largest one. The score has one more, its *shift*: the mean of ``0.15 * cos(3 *
pi * r) - cos(pi * r)`` of the rows' ranks ``r`` in the baseline, which rises as the probability of a label does along
the ranks of a good model's scores: steeply in the middle, hardly at the ends. So it sees about as well as the mean
probability that labels have other shares, whatever scale the score has; its first part is the first component of Cramér
and von Mises's statistic (Durbin and Knott 1972).

The draws of the null tell each figure's chance. Where more than a tenth of the draws reach it, that is their share;
beyond, an exponential tail through their tenth largest ones (peaks over threshold, as Knijnenburg et al. 2009), since
small chances must be told from each other by few draws. The decision rests on the smallest chance in proportion to the
figure's *weight*, compared with the smallest of each draw (Westfall and Young 1993, single step): whatever the figures'
dependence, and however rough the tails, since the window is treated as every draw is, an alarm without drift is as
rare as the level. Holm's correction needs no draws of them together, but pays for every figure as if it were alone.

*Weights.* Four fifths of the level are the shift's and a twentieth is the score's otherwise: an answer that moves is
what costs, other labels are seen nowhere else, and only faintly. What is left is shared by the other blocks alike: what
moves words moves many of them, and is seen all the same. *Scale.* Where the groups of a draw are not quite like a
window's, the draws of a block are made as large as the variance by formula says (see `grouped`); of words never
smaller, since a sum of thousands of squares hardly varies, so that one per cent too little is seen as drift.

The prices: a drift of the inputs that does not move the score must be large; and no figure sees everything: what moves
nothing but the order of words, or words outside the vocabulary, is not seen.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import sparse

from training.monitor.grouped import Floats, Formula
from training.monitor.null import Draws, Null, Singles
from training.monitor.rows import SCORE
from training.resampling import Groups

Kind = Literal["number", "categories", "words"]

LEAST_ROWS_WITH_WORD = 5  # expected in the window, of a word that is compared
CLEARLY = 4.0  # standard errors of a p-value at the level, above which no more draws are made
TAIL = 0.1  # of the draws, beyond which a figure's chance is that of an exponential tail
SCORE_SHARES = {"shift": 0.8, "": 0.05}
BEND = 0.15  # of the ranks that the shift is the mean of; chosen, as the weights, on other deals than those told


@dataclass(frozen=True)
class Block:
    """Features that are looked at together: a column's cells in their order, or words.

    Of a number and of categories the last one is that of missing values.
    """

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


@dataclass(frozen=True)
class Judged:
    """The figures of a window by name, and by how many standard errors each feature is more frequent."""

    figures: Mapping[str, Figure]
    moved: Floats

    @property
    def chance(self) -> float:
        """The window's p-value: that of its most unusual figure, corrected."""
        return min(figure.corrected for figure in self.figures.values())


@dataclass(frozen=True)
class Seen:
    """A window: its share of rows with each feature, shape (features,), and how many rows it has.

    ``sample`` are these rows, or of a long window a sample of whole groups, as features; ``groups`` are theirs.
    """

    shares: Floats
    rows: int
    sample: sparse.csr_matrix
    groups: Groups


def decide(blocks: Sequence[Block], null: Null, seen: Seen, level: float) -> tuple[Judged, Draws]:
    """Judge a window by as many draws as it takes, and return these too.

    The first ones are enough where the window is clearly not unusual: that only spares alarms, so the level holds.
    """
    shrink = math.sqrt(min(1.0, seen.sample.shape[0] / seen.rows))
    for draws in null.rounds(seen.sample, seen.groups, shrink):
        judged = judge(blocks, seen.shares - null.shares, draws, null.shares, seen.rows)
        count = len(draws.differences)
        if judged.chance > level + CLEARLY * math.sqrt(level / count) + 1 / count:
            break
    return judged, draws


def judge(blocks: Sequence[Block], difference: Floats, draws: Draws, shares: Floats, rows: int) -> Judged:
    """Return what is found of a window.

    Parameters
    ----------
    blocks
        What lies where among the features.
    difference
        How much larger the window's shares are, shape (features,).
    draws
        The same without drift.
    shares
        The baseline's, shape (features,).
    rows
        The window's.
    """
    everything = np.concatenate([difference[None].astype(np.float32), draws.differences])
    enough = shares * rows >= LEAST_ROWS_WITH_WORD
    figures: dict[str, Floats] = {}
    weights: list[float] = []
    errors = np.empty(len(difference))
    for block in blocks:
        inside = slice(block.first, block.last)
        looked_at = _look(block, everything[:, inside])
        looked_at[1:] *= _scales(block, looked_at[1:], draws.formula)
        of_block = _figures(block, looked_at, enough[inside])
        errors[inside] = _errors(everything[:, inside])
        figures |= {f"{block.name}:{name}" if name else block.name: values for name, values in of_block.items()}
        weights += _weights(block, of_block, blocks)
    chances = np.column_stack([_chances(values) for values in figures.values()])
    unusual = chances - np.log(weights)
    smallest = np.sort(unusual[1:].min(axis=1))
    corrected = 1 + np.searchsorted(smallest, unusual[0], "right")
    reached = [1 + np.count_nonzero(values[1:] >= values[0]) for values in figures.values()]
    with np.errstate(divide="ignore", invalid="ignore"):
        moved = np.where(errors > 0, difference / errors, np.nan)
    moved[~enough] = np.nan
    return Judged(
        {
            name: Figure(float(values[0]), reached[place] / len(chances), float(corrected[place]) / len(chances))
            for place, (name, values) in enumerate(figures.items())
        },
        moved,
    )


def variances(block: Block, formula: Formula) -> tuple[Floats, Floats]:
    """Return those, of the window and of the baseline, of what the figures of a block look at, by formula.

    Of a number these are its distribution function at each edge, and of the score last its shift.
    """
    inside = slice(block.first, block.last)
    if block.kind == "number":
        return formula.combined(inside, _sums(block))
    of_window, of_baseline = formula.features
    return of_window[inside], of_baseline[inside]


def _look(block: Block, found: Singles) -> Singles:
    """Return what the figures look at, of the window and of each draw, shape (1 + draws, features or sums of them)."""
    return found @ _sums(block).astype(np.float32) if block.kind == "number" else found


def _sums(block: Block) -> Floats:
    """Return the sums of a number's cells that are looked at, shape (cells and missing, sums); see `variances`."""
    cells = block.last - block.first - 1
    edges = np.vstack([np.triu(np.ones((cells, cells))), np.zeros(cells)])
    if block.name != SCORE:
        return edges
    angle = np.pi * (np.arange(cells) + 0.5) / cells  # cells have about equal shares
    return np.column_stack([edges, np.append(BEND * np.cos(3 * angle) - np.cos(angle), 0.0)])


def _figures(block: Block, looked_at: Singles, enough: npt.NDArray[np.bool_]) -> dict[str, Floats]:
    """Return each figure of a block, of the window and of each draw, by name; the first has none."""
    errors = _errors(looked_at)
    usable = errors > 0
    if block.kind == "words":
        usable &= enough
    if not usable.any():
        return {}
    squares = (looked_at[:, usable] / errors[usable].astype(np.float32)) ** 2
    largest = squares.max(axis=1).astype(np.float64)
    if block.kind == "words":
        return {"": squares.sum(axis=1, dtype=np.float64), "largest": largest}
    if block.kind == "categories":
        return {"": squares.sum(axis=1, dtype=np.float64)}
    if block.name != SCORE or not usable[-1]:
        return {"": largest}
    return {"shift": squares[:, -1].astype(np.float64), "": squares[:, :-1].max(axis=1).astype(np.float64)}


def _weights(block: Block, figures: Mapping[str, Floats], blocks: Sequence[Block]) -> list[float]:
    if block.name == SCORE:
        return [SCORE_SHARES[name] for name in figures]
    others = [other for other in blocks if other.name != SCORE]
    left = 1 - sum(SCORE_SHARES.values()) if len(others) < len(blocks) else 1.0
    return [left / len(others) / len(figures) for _ in figures]


def _scales(block: Block, drawn: Singles, formula: Formula) -> npt.NDArray[np.float32]:
    """Return by how much what is looked at is too small in the draws, shape (1,) or one for each.

    It is the same for all edges or features, since of each alone the draws tell too roughly, but for the shift.
    """
    by_formula = np.sum(variances(block, formula), axis=0)
    of_draws = drawn.var(axis=0, ddof=1, dtype=np.float64)
    usable = (of_draws > 0) & (by_formula > 0)
    ratios = np.divide(by_formula, of_draws, where=usable, out=np.ones(len(usable)))
    # The mean of the inverse of a variance of few draws is too large, by this factor if they are normal.
    ratios *= max(1, len(drawn) - 3) / max(1, len(drawn) - 1)
    shift = block.name == SCORE
    of_most = (ratios[:-1] if shift else ratios)[usable[:-1] if shift else usable]
    factor = np.sqrt(of_most.mean()) if len(of_most) else 1.0
    scales = np.full(len(ratios), max(1.0, factor) if block.kind == "words" else factor, np.float32)
    if shift:
        scales[-1] = np.sqrt(ratios[-1])
    return scales


def _errors(found: npt.NDArray[np.floating]) -> Floats:
    """Return the standard errors of what is 0 on average, the window's own deviation counted as one more draw's."""
    errors: Floats = np.sqrt(np.einsum("ij,ij->j", found, found, dtype=np.float64) / len(found))
    return errors


def _chances(figure: Floats) -> Floats:
    """Return the logarithms of the chances of the window's figure (first) and of each draw's, by all of them."""
    ordered = np.sort(figure)
    reached = (len(ordered) - np.searchsorted(ordered, figure, "left")) / len(ordered)
    few = max(2, round(TAIL * len(ordered)))
    bound = ordered[-few]
    excess = float((ordered[-few:] - bound).mean())
    chances = np.log(reached)
    if excess > 0:
        beyond = figure > bound
        chances[beyond] = np.log(few / len(ordered)) - (figure[beyond] - bound) / excess
    return chances
