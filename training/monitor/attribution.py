"""Feature-attribution drift: whether the features that mattered to the model's answers still do.

As SageMaker Clarify has it ("Feature attribution drift for models in production" in its documentation), features are
ranked by their attribution in the window, and the ranking is worth ``sum of a / log2(1 + rank)``, ``a`` a feature's
attribution in the baseline; divided by what the baseline's own ranking is worth, that is the normalised discounted
cumulative gain: 1 where the order is the same. The attribution is the mean absolute contribution (see
`contributions`). Clarify alarms below 0.9. A short window falls below that by chance, so the same is measured of
windows of as many rows out of the baseline itself, in whole groups, against the rest of it; the p-value is how many of
them are as bad.

The baseline keeps contributions of a bounded number of its rows, and of the features that matter most to it. The price:
a feature that mattered to nothing before is not among them, however much it matters now.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse

from training.monitor.contributions import Explainer
from training.monitor.parts import Partition
from training.monitor.sample import Sample
from training.monitor.window import Batch
from training.resampling import Groups

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

ROWS = 2_000  # that are explained, of baseline and window each: what a check of a table spends most of its time on
FEATURES = 300
DRAWS = 200
LEAST_GROUPS = 20
LEAST_GAIN = 0.9  # Clarify's


@dataclass(frozen=True)
class Contributions:
    """Of some rows what these ``features`` of the model contributed, shape (rows, features), and the rows' groups.

    ``model`` is the digest of the model's files, ``members`` say which rows belong to which parts (see `parts`), shape
    (rows, parts).
    """

    model: str
    features: Ints
    values: sparse.csr_matrix
    groups: Groups
    members: Bools

    @property
    def attributions(self) -> Floats:
        """The mean absolute contribution of each feature, shape (features,)."""
        return attributions(self.values)

    @property
    def means(self) -> Floats:
        """The mean contribution of each feature, shape (features,)."""
        return np.asarray(self.values.mean(axis=0)).ravel()


@dataclass(frozen=True)
class Attributed:
    """What became of the features, in the baseline's order of attribution.

    ``before`` and ``now`` are attributions, ``shift`` by how much the mean contribution is larger now; all have shape
    (features,). ``gain`` is the ranking's worth, ``usual`` its median without drift, None if that cannot be told.
    """

    features: Ints
    before: Floats
    now: Floats
    shift: Floats
    gain: float
    usual: float | None
    chance: float | None


class Explained(NamedTuple):
    """What features contributed to some rows of a window, shape (rows, features), the rows' groups, and their parts.

    ``members`` has shape (rows, parts).
    """

    values: sparse.csr_matrix
    groups: Groups
    members: Bools


class Attributing:
    """Explains a bounded sample of a window's rows, as they come: the features of a baseline, and the rows' parts."""

    def __init__(self, explainer: Explainer, baseline: Contributions, partition: Partition) -> None:
        self._explainer = explainer
        self._features = baseline.features
        self._partition = partition
        self._sample = Sample(ROWS)
        self.rows = 0

    def see(self, batch: Batch) -> None:
        """Explain those of some rows that are kept."""
        places = self._sample.wanted(batch.groups)
        if len(places):
            rows = [batch.rows[place] for place in places.tolist()]
            values = self._explainer.explain(rows)[:, self._features]
            members = sparse.csr_matrix(self._partition.members(rows), dtype=np.float64)
            references = [batch.references[place] for place in places.tolist()]
            # One sample of both, so that a row and its parts are kept or dropped together.
            self._sample.add(sparse.hstack([values, members], "csr"), batch.groups[places], references)
            self.rows += len(places)

    def explained(self) -> Explained:
        """Return the kept rows; there must be some."""
        both, groups = self._sample.rows()
        width = len(self._features)
        return Explained(both[:, :width], groups, both[:, width:].toarray().astype(np.bool_))


def attributions(values: sparse.csr_matrix) -> Floats:
    """Return the mean absolute contribution of each feature to some rows, shape (features,)."""
    return np.asarray(abs(values).mean(axis=0)).ravel()


def choose(model: str, values: sparse.csr_matrix, groups: Groups, members: Bools) -> Contributions:
    """Return a baseline's contributions: those of the features that matter most to it.

    Parameters
    ----------
    model
        The digest of the model's files.
    values
        What each feature of the model contributed, shape (rows, features).
    groups, members
        Those of the rows, and which parts they belong to, shape (rows, parts).
    """
    sizes = attributions(values)
    order = np.argsort(-sizes, kind="stable")[:FEATURES].astype(np.int64)
    features = order[sizes[order] > 0]
    return Contributions(model, features, values[:, features].tocsr(), groups, members)


def some_rows(groups: Groups, seed: int = 0) -> Ints:
    """Return the places of at most `ROWS` rows, whole groups at random as long as there is room."""
    order = np.random.default_rng(seed).permutation(groups.count)
    rank = np.argsort(order)[groups.of_row]
    return np.sort(np.argsort(rank, kind="stable")[:ROWS])


def attribute(baseline: Contributions, window: sparse.csr_matrix) -> Attributed:
    """Compare a window's contributions, shape (rows, features of the baseline), with the baseline's."""
    before, now = baseline.attributions, attributions(window)
    gain = float(ranking_gain(before, now))
    usual = _without_drift(baseline, window.shape[0]) if baseline.groups.count >= LEAST_GROUPS else np.zeros(0)
    return Attributed(
        baseline.features,
        before,
        now,
        np.asarray(window.mean(axis=0)).ravel() - baseline.means,
        gain,
        float(np.median(usual)) if len(usual) else None,
        float((1 + np.count_nonzero(usual <= gain)) / (1 + len(usual))) if len(usual) else None,
    )


def ranking_gain(before: Floats, now: Floats) -> Floats:
    """Return the normalised discounted cumulative gain of the order of ``now``; 1 if nothing was attributed before.

    Both have shape (..., features), and the gains shape (...).
    """
    ordered = np.take_along_axis(before, np.argsort(-now, axis=-1, kind="stable"), axis=-1)
    discounts = 1 / np.log2(2 + np.arange(before.shape[-1]))
    ideal = np.sort(before, axis=-1)[..., ::-1] @ discounts
    return np.divide(ordered @ discounts, ideal, where=ideal > 0, out=np.ones_like(ideal))


def _without_drift(baseline: Contributions, rows: int, seed: int = 0) -> Floats:
    """Return the gains of windows of about so many rows (half of the baseline's at most) that groups of it make."""
    groups, count = baseline.groups, len(baseline.groups.of_row)
    members = sparse.csr_matrix((np.ones(count), (groups.of_row, np.arange(count))), (groups.count, count))
    sums, sizes = (members @ abs(baseline.values)).toarray(), np.bincount(groups.of_row, minlength=groups.count)
    wanted, random = min(rows, count // 2), np.random.default_rng(seed)
    gains = []
    for _ in range(DRAWS):
        order = random.permutation(groups.count)
        last = int(np.searchsorted(np.cumsum(sizes[order]), wanted)) + 1
        taken, left = sums[order[:last]].sum(axis=0), sums[order[last:]].sum(axis=0)
        gains.append(float(ranking_gain(left, taken)))  # what is left is not a mean, but in its order and proportions
    return np.array(gains)


def told(attributed: Attributed, names: Sequence[str], shown: Sequence[bool]) -> list[dict[str, object]]:
    """Return the features that may be shown, JSON-ready, in the baseline's order; ranks are among all of them."""
    ranks = np.argsort(np.argsort(-attributed.now, kind="stable"))
    return [
        {
            "feature": name,
            "rank_before": place + 1,
            "rank": int(ranks[place]) + 1,
            "before": float(attributed.before[place]),
            "now": float(attributed.now[place]),
            "shift": float(attributed.shift[place]),
        }
        for place, (name, show) in enumerate(zip(names, shown, strict=True))
        if show
    ]
