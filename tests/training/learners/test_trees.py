import copy
import json
from typing import get_args

import numpy as np
import numpy.typing as npt
import pytest
import xgboost
from hypothesis import given, settings
from hypothesis import strategies as st

from training.errors import ArtifactError
from training.learners import trees
from training.learners.trees import Objective, Trees, read_trees

Rows = npt.NDArray[np.float32]


def boost(seed: int, depth: int, rounds: int, least: float = 1) -> tuple[xgboost.Booster, Rows]:
    """Return a booster on rows of four features, whose values repeat, and the rows."""
    random = np.random.default_rng(seed)
    rows = random.normal(size=(120, 4)).astype(np.float32).round(1)
    labels = rows[:, 0] * rows[:, 1] + random.normal(size=120) > 0
    parameters = {"objective": "binary:logistic", "base_score": 0.5, "nthread": 1, "eta": 0.5}
    parameters |= {"max_depth": depth, "min_child_weight": least}
    return xgboost.train(parameters, xgboost.DMatrix(rows, labels), rounds), rows


def around(trees: Trees) -> Rows:
    """Return rows whose every feature is a threshold of the trees, or the next float below or above one."""
    at = np.append(trees.threshold, np.float32(0))
    both = [np.nextafter(at, np.float32(end)) for end in (-np.inf, np.inf)]
    return np.repeat(np.concatenate([at, *both])[:, None], 4, axis=1)


@settings(max_examples=40)
@given(
    seed=st.integers(0, 10_000),
    depth=st.integers(1, 12),
    rounds=st.integers(1, 12),
    least=st.sampled_from([0.0, 1.0, 1000.0]),  # leaves of single rows, usual ones, trees that are one leaf
)
def test_reader_agrees_with_xgboost(seed: int, depth: int, rounds: int, least: float) -> None:
    """On any booster, deep or of single leaves, and a float32 to either side of a threshold, margins are XGBoost's."""
    booster, rows = boost(seed, depth, rounds, least)
    trees = read_trees(json.loads(bytes(booster.save_raw("json"))), 4)
    rows = np.concatenate([rows, around(trees)])
    expected = booster.predict(xgboost.DMatrix(rows, base_margin=np.zeros(len(rows))), output_margin=True)
    np.testing.assert_allclose(trees.margin(rows), expected, atol=1e-5)
    alone = np.concatenate([trees.margin(row[None]) for row in rows[:30]])
    np.testing.assert_array_equal(alone, trees.margin(rows)[:30])


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many rows are walked at once, each has the same margin."""
    booster, rows = boost(0, 4, 7)
    read = read_trees(json.loads(bytes(booster.save_raw("json"))), 4)
    whole = read.margin(rows)
    monkeypatch.setattr(trees, "CELLS", 7 * 13)
    np.testing.assert_array_equal(read.margin(rows), whole)
    assert read.margin(rows[:0]).shape == (0,)


def test_samples_are_what_they_should_be() -> None:
    """The property above really meets deep trees and trees of one leaf."""
    depths = [
        read_trees(json.loads(bytes(boost(0, depth, 2, least)[0].save_raw("json"))), 4).depth
        for depth, least in ((12, 0.0), (12, 1000.0))
    ]
    assert depths[0] > 6
    assert depths[1] == 0


@settings(max_examples=30)
@given(seed=st.integers(0, 10_000), depth=st.integers(1, 8), objective=st.sampled_from(get_args(Objective)))
def test_missing_values_go_where_xgboost_sends_them(seed: int, depth: int, objective: Objective) -> None:
    """With gaps in any features, in training as after it, margins are XGBoost's, for labels as for numbers."""
    random = np.random.default_rng(seed)
    rows = random.normal(size=(120, 4)).astype(np.float32).round(1)
    wanted = np.where(random.random(120) < 0.3, 1, rows[:, 0] > 0)  # what is missing says something, too
    rows[random.random(rows.shape) < 0.3] = np.nan
    parameters = {"objective": objective, "base_score": 0.5, "nthread": 1, "max_depth": depth, "tree_method": "hist"}
    booster = xgboost.train(parameters, xgboost.DMatrix(rows, wanted), 8)
    trees = read_trees(json.loads(bytes(booster.save_raw("json"))), 4, objective)
    unseen = np.concatenate([rows, around(trees), np.full((1, 4), np.nan, np.float32)])
    unseen[random.random(unseen.shape) < 0.3] = np.nan
    expected = booster.predict(xgboost.DMatrix(unseen, base_margin=np.zeros(len(unseen))), output_margin=True)
    np.testing.assert_allclose(trees.margin(unseen), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("objective", "name"), "reg:squarederror"),
        (("gradient_booster", "name"), "gblinear"),
        (("learner_model_param", "num_feature"), "5"),
        (("gradient_booster", "model", "trees", 0, "left_children"), [0, -1, -1]),  # a circle
        (("gradient_booster", "model", "trees", 0, "right_children"), [99, -1, -1]),
        (("gradient_booster", "model", "trees", 0, "split_indices"), [77, 0, 0]),
        (("gradient_booster", "model", "trees", 0, "split_conditions"), [float("nan"), 0, 0]),
        (("gradient_booster", "model", "trees", 0, "split_type"), [1, 0, 0]),
        (("gradient_booster", "model", "trees", 0, "default_left"), [0]),
        (("gradient_booster", "model", "trees"), "none"),
        (("gradient_booster", "model"), {}),
    ],
)
def test_unknown_or_broken_models_are_refused(path: tuple[str | int, ...], value: object) -> None:
    """What the reader does not know, and trees that lead outside themselves, are no model."""
    model = json.loads(bytes(boost(0, 1, 1)[0].save_raw("json")))
    broken = copy.deepcopy(model)
    part = broken["learner"]
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    read_trees(model, 4)
    with pytest.raises(ArtifactError):
        read_trees(broken, 4)
