import copy
import json
from typing import Any

import numpy as np
import pytest
import xgboost
from hypothesis import given, settings
from hypothesis import strategies as st

from training.errors import ArtifactError
from training.learners.trees import read_trees


def boost(seed: int, depth: int, rounds: int, features: int = 4) -> tuple[xgboost.Booster, Any]:
    random = np.random.default_rng(seed)
    rows = random.normal(size=(120, features)).astype(np.float32).round(1)
    labels = (rows[:, 0] + random.normal(size=120) > 0) if rounds else rows[:, 0] > 0
    parameters = {"objective": "binary:logistic", "max_depth": depth, "base_score": 0.5, "nthread": 1, "eta": 0.5}
    return xgboost.train(parameters, xgboost.DMatrix(rows, labels), rounds), rows


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 6), st.integers(1, 12))
def test_reader_agrees_with_xgboost(seed: int, depth: int, rounds: int) -> None:
    """On any booster, values on the thresholds included, the reader's margins are XGBoost's."""
    booster, rows = boost(seed, depth, rounds)
    trees = read_trees(json.loads(bytes(booster.save_raw("json"))), rows.shape[1])
    expected = booster.predict(xgboost.DMatrix(rows, base_margin=np.zeros(len(rows))), output_margin=True)
    np.testing.assert_allclose(trees.margin(rows), expected, atol=1e-5)
    alone = np.concatenate([trees.margin(row[None]) for row in rows])
    np.testing.assert_array_equal(alone, trees.margin(rows))


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
