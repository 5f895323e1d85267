"""How well a model tells the window's rows from the baseline's: 0.5 is not at all, 1 is without error.

A penalised logistic regression on what is looked at (`baseline`: cells, categories, common words), cross-validated, the
folds cut by group on both sides; pairs of rows are compared within a fold. The area under the ROC curve says how far
apart the two are as a whole, where figures one by one say little (Rabanser, Guennemann and Lipton 2019, who test it;
here it is told and decides nothing, docs/decisions/0010). Its error draws groups anew, but fits no model anew, and the
models share most of their rows: it is widened by the root of ``1 + folds / (folds - 1)`` (Nadeau and Bengio 2003).
Without that, of 30 windows without drift six had an interval of 95 % without a half, with it two.

Then one model of all rows says by what they are told apart: weights times the feature's deviation. Prices: at most
`ROWS` rows of each side; a film whose reviews came in several runs of the window is in several folds, and its words
make the window look more different than it is.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from training.monitor.baseline import Cells
from training.monitor.rule import Block
from training.monitor.sample import RowName
from training.resampled_metrics import auc
from training.resampling import Estimate, Groups, estimate

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

ROWS = 5_000
FOLDS = 5
INVERSE_PENALTY = 0.01
TOLERANCE = 1e-3
RESAMPLES = 200
BEYOND = 0.025  # on each side of the bounds
TOLD_FEATURES = 20
TOLD_ROWS = 10


@dataclass(frozen=True)
class Domain:
    """The area, and of all features weight times deviation, shape (features,): positive speaks for the window.

    ``farthest`` are the window's rows that look least like the baseline's, the first one least.
    """

    area: Estimate
    strengths: Floats
    farthest: Sequence[RowName]


@dataclass(frozen=True)
class Side:
    """Rows as features, shape (rows, features), and their groups."""

    features: sparse.csr_matrix
    groups: Groups

    def some(self, seed: int) -> tuple["Side", Ints]:
        """Return at most `ROWS` rows, whole groups at random as long as there is room, and their places."""
        rank = np.random.default_rng(seed).permutation(self.groups.count)[self.groups.of_row]
        places = np.sort(np.argsort(rank, kind="stable")[:ROWS])
        return Side(self.features[places], self.groups.take(places)), places

    def folds(self, seed: int) -> Ints:
        """Return the fold of each row: groups dealt in turn, the largest first, so that folds have rows alike."""
        sizes = np.bincount(self.groups.of_row, minlength=self.groups.count)
        order = np.argsort(-sizes[(mixed := np.random.default_rng(seed).permutation(self.groups.count))], kind="stable")
        fold = np.empty(self.groups.count, np.int64)
        fold[mixed[order]] = np.arange(self.groups.count) % FOLDS
        return fold[self.groups.of_row]


def tell_apart(baseline: Side, window: Side, names: Sequence[RowName], seed: int = 0) -> Domain | None:
    """Return how the sides are told apart; None if one has fewer groups than there are folds.

    Parameters
    ----------
    names
        Which rows those of the window are.
    """
    (before, _), (now, places) = baseline.some(seed), window.some(seed)
    if min(before.groups.count, now.groups.count) < FOLDS:
        return None
    features: sparse.csr_matrix = sparse.vstack([before.features, now.features], "csr")
    ours = np.repeat([False, True], [before.features.shape[0], now.features.shape[0]])
    fold = np.concatenate([before.folds(seed), now.folds(seed)])
    groups = Groups(
        np.concatenate([before.groups.of_row, now.groups.of_row + before.groups.count]),
        before.groups.count + now.groups.count,
    )
    chances = np.empty(len(ours))
    for one in range(FOLDS):
        inside = fold == one
        chances[inside] = _fit(features[~inside], ours[~inside]).predict_proba(features[inside])[:, 1]
    area = _within_folds(ours, chances, fold, groups)
    weights = _fit(features, ours).coef_[0].astype(np.float64)
    means = np.bincount(features.indices, minlength=features.shape[1]) / features.shape[0]
    farthest = places[np.argsort(-chances[ours], kind="stable")[:TOLD_ROWS]]
    return Domain(area, weights * np.sqrt(means * (1 - means)), [names[place] for place in farthest.tolist()])


def _within_folds(ours: Bools, chances: Floats, fold: Ints, groups: Groups) -> Estimate:
    """Return the mean area over folds: what different models say is not compared; see the module for its error."""
    areas = []
    for one in range(FOLDS):
        inside = np.flatnonzero(fold == one)
        areas.append(
            auc(ours[inside], chances[inside], Groups(groups.of_row[inside], groups.count), np.ones(len(inside)))
        )

    def mean(weights: Floats) -> Floats:
        found: Floats = np.mean([area(weights) for area in areas], axis=0)
        return found

    found = estimate({"auc": mean}, groups, resamples=RESAMPLES)["auc"]
    return Estimate(found.value, found.error * math.sqrt(1 + FOLDS / (FOLDS - 1)), found.groups)


def _fit(features: sparse.csr_matrix, ours: Bools) -> LogisticRegression:
    model = LogisticRegression(C=INVERSE_PENALTY, class_weight="balanced", tol=TOLERANCE, max_iter=100)
    return model.fit(features, ours)


def told(domain: Domain, cells: Cells, words: Mapping[str, Ints], least: int) -> dict[str, Any]:
    """Return what may be shown, JSON-ready: a word only where ``least`` rows of the window hold it.

    ``words`` are how many rows do, of each compared word of each text.
    """
    lower, upper = (None, None) if math.isnan(domain.area.error) else domain.area.bounds(BEYOND)
    features: list[dict[str, Any]] = []
    for place in np.argsort(-np.abs(domain.strengths), kind="stable").tolist():
        block = next(block for block in cells.blocks if place < block.last)
        rare = block.kind == "words" and words[block.name.removesuffix(".words")][place - block.first] < least
        if len(features) < TOLD_FEATURES and domain.strengths[place] and not rare:
            features.append(
                {
                    "feature": block.name,
                    "is": _describe(cells, block, place - block.first),
                    "strength": float(domain.strengths[place]),
                }
            )
    return {
        "auc": domain.area.value,
        "lower": None if lower is None else max(0.0, lower),
        "upper": None if upper is None else min(1.0, upper),
        "groups": domain.area.groups,
        "features": features,
        "farthest": [name._asdict() for name in domain.farthest],
    }


def _describe(cells: Cells, block: Block, place: int) -> str:
    """Return what a row with a feature has."""
    if block.kind == "words":
        return str(cells.vocabularies[block.name.removesuffix(".words")].words[place])
    if place == block.last - block.first - 1:
        return "missing"
    if block.kind == "categories":
        return str(cells.categories[block.name][place])
    edges, cells_of_all = cells.edges[block.name], block.last - block.first - 1
    fine = len(edges) + 1
    first, last = -(-place * fine // cells_of_all), -(-(place + 1) * fine // cells_of_all) - 1
    below, above = (f"{edges[at]:.4g}" if 0 <= at < len(edges) else "" for at in (first - 1, last))
    return f"{below} to {above}" if below and above else f"above {below}" if below else f"up to {above}"
