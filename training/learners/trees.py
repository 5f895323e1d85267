"""Reads XGBoost's JSON model and evaluates its trees with numpy: the same splits, without the library.

The model server needs no training library for it (`import xgboost` alone costs most of a second, since it imports
scikit-learn), and one row costs a few array steps. The JSON is XGBoost's documented model format; what this reader does
not know (categorical splits, several targets, other boosters and objectives) it refuses. Training compares every model
it writes with XGBoost's own predictions before it is kept (docs/decisions/0002 and 0004).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from training.errors import ArtifactError

CELLS = 1_048_576  # rows times trees walked at once: some 40 MB of arrays, whatever the number of rows
Objective = Literal["binary:logistic", "reg:squarederror"]


@dataclass(frozen=True)
class Trees:
    """All trees in flat arrays: node i goes to ``left[i]`` if its feature is below ``threshold[i]``, else to ``right``.

    Where the feature is missing (NaN), ``missing_left[i]`` says which way. A leaf leads to itself, so that every row
    can walk ``depth`` steps. ``roots`` has one node per tree.
    """

    roots: npt.NDArray[np.int64]
    left: npt.NDArray[np.int64]
    right: npt.NDArray[np.int64]
    feature: npt.NDArray[np.int64]
    threshold: npt.NDArray[np.float32]
    missing_left: npt.NDArray[np.bool_]
    value: npt.NDArray[np.float64]
    depth: int

    def margin(self, rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """Return the sum of the leaves each row falls into, shape (rows,), a block of rows at a time."""
        step = max(1, CELLS // max(1, len(self.roots)))
        parts = [self._walk(rows[first : first + step]) for first in range(0, len(rows), step)]
        return np.concatenate([np.zeros(0), *parts])

    def _walk(self, rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        gaps = bool(np.isnan(rows).any())
        node = np.broadcast_to(self.roots, (len(rows), len(self.roots)))
        places = np.arange(len(rows))[:, None]
        for _ in range(self.depth):
            values = rows[places, self.feature[node]]
            below = values < self.threshold[node]
            if gaps:
                below |= np.isnan(values) & self.missing_left[node]
            node = np.where(below, self.left[node], self.right[node])
        total: npt.NDArray[np.float64] = self.value[node].sum(axis=1)
        return total


def read_trees(model: Mapping[str, Any], features: int, objective: Objective = "binary:logistic") -> Trees:
    """Return the trees of a parsed XGBoost JSON model of this objective over so many features.

    Raises
    ------
    ArtifactError
        If it is no such model, or one with parts this reader does not know.
    """
    try:
        learner = model["learner"]
        booster = learner["gradient_booster"]
        if learner["objective"]["name"] != objective or booster["name"] != "gbtree":
            raise ArtifactError(f"the booster must be gbtree with {objective}")
        if int(learner["learner_model_param"]["num_feature"]) != features:
            raise ArtifactError(f"the booster does not take {features} features")
        return _flatten(booster["model"]["trees"], features)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise ArtifactError(f"not an XGBoost JSON model: {error!r}") from error


def _flatten(trees: Sequence[Mapping[str, Any]], features: int) -> Trees:
    sizes = [len(tree["left_children"]) for tree in trees]
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    left, right, feature, condition, missing_left = (_column(trees, name, sizes) for name in _COLUMNS)
    if any(any(tree["split_type"]) or tree.get("categories") for tree in trees):
        raise ArtifactError("categorical splits are not supported")
    nodes = np.arange(len(left))
    offset = np.repeat(offsets[:-1], sizes)
    leaf = left < 0
    lower = np.where(leaf, nodes, left.astype(np.int64) + offset)
    upper = np.where(leaf, nodes, right.astype(np.int64) + offset)
    index = np.where(leaf, 0, feature.astype(np.int64))
    # Children come after their parent: then no walk is endless and none leaves its tree.
    ends = np.repeat(offsets[1:], sizes)
    inside = (leaf | ((lower > nodes) & (upper > nodes))) & (lower < ends) & (upper < ends)
    if not (inside.all() and (index >= 0).all() and (index < features).all() and np.isfinite(condition).all()):
        raise ArtifactError("the booster's trees point outside themselves")
    return Trees(
        roots=offsets[:-1],
        left=lower,
        right=upper,
        feature=index,
        threshold=condition.astype(np.float32),
        missing_left=missing_left.astype(np.bool_),
        value=np.where(leaf, condition.astype(np.float32), 0).astype(np.float64),
        depth=_depth(lower, upper, leaf, offsets[:-1]),
    )


_COLUMNS = ("left_children", "right_children", "split_indices", "split_conditions", "default_left")


def _column(trees: Sequence[Mapping[str, Any]], name: str, sizes: list[int]) -> npt.NDArray[np.float64]:
    if [len(tree[name]) for tree in trees] != sizes or 0 in sizes:
        raise ArtifactError(f"the booster's {name} do not fit its trees")
    return np.array([value for tree in trees for value in tree[name]], np.float64)


def _depth(
    left: npt.NDArray[np.int64], right: npt.NDArray[np.int64], leaf: npt.NDArray[np.bool_], roots: npt.NDArray[np.int64]
) -> int:
    depth, level = 0, roots[~leaf[roots]]
    while len(level):
        depth += 1
        level = np.concatenate([left[level], right[level]])
        level = level[~leaf[level]]
    return depth
