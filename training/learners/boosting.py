"""Fits trees on top of a base margin with XGBoost, and proves that our reader evaluates them as XGBoost does.

The base (a linear model's log-odds, or a mean) is the `base_margin`, so the trees learn only what it lacks. One thread:
the result depends on data and seed alone, and a few dozen dense columns need no more.
"""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import xgboost

from training.errors import TrainingError
from training.learners.margin import Floats
from training.learners.trees import Objective, read_trees

AGREEMENT = 1e-5  # in log-odds, or the unit of the target; float32 sums differ in the last digits
METRICS: dict[Objective, str] = {"binary:logistic": "logloss", "reg:squarederror": "rmse"}  # what rounds are chosen by


@dataclass(frozen=True)
class BoostingParameters:
    """XGBoost's parameters under its own names, and how long to go on without progress."""

    rounds: int
    patience: int
    max_depth: int
    eta: float
    min_child_weight: float
    subsample: float
    colsample_bytree: float
    reg_lambda: float
    seed: int
    objective: Objective = "binary:logistic"

    def to_xgboost(self) -> dict[str, Any]:
        """Return what `xgboost.train` takes."""
        return {
            "objective": self.objective,
            "eval_metric": METRICS[self.objective],
            "base_score": 0.5,  # not used: every row brings its base margin
            "tree_method": "hist",
            "nthread": 1,
            "max_depth": self.max_depth,
            "eta": self.eta,
            "min_child_weight": self.min_child_weight,
            "subsample": self.subsample,
            "colsample_bytree": self.colsample_bytree,
            "reg_lambda": self.reg_lambda,
            "seed": self.seed,
        }


@dataclass(frozen=True)
class Sample:
    """Described rows, shape (rows, features), NaN where a value is missing; base margins and targets, shape (rows,)."""

    features: npt.NDArray[np.float32]
    base: Floats
    target: npt.NDArray[np.bool_] | Floats

    def to_matrix(self) -> xgboost.DMatrix:
        """Return what XGBoost reads."""
        return xgboost.DMatrix(self.features, self.target, base_margin=self.base, nthread=1)


def choose_rounds(parameters: BoostingParameters, train: Sample, validation: Sample) -> int:
    """Return the number of rounds with the lowest log loss, or error, on the validation rows."""
    booster = xgboost.train(
        parameters.to_xgboost(),
        train.to_matrix(),
        parameters.rounds,
        evals=[(validation.to_matrix(), "validation")],
        early_stopping_rounds=parameters.patience,
        verbose_eval=False,
    )
    return int(booster.best_iteration) + 1


def fit_booster(parameters: BoostingParameters, train: Sample, rounds: int) -> dict[str, Any]:
    """Return a booster of so many rounds as XGBoost's JSON model.

    Raises
    ------
    TrainingError
        If our reader and XGBoost disagree on the training rows: such a model must not leave the job.
    """
    matrix = train.to_matrix()
    booster = xgboost.train(parameters.to_xgboost(), matrix, rounds)
    model: dict[str, Any] = json.loads(bytes(booster.save_raw("json")))
    expected = booster.predict(matrix, output_margin=True)
    trees = read_trees(model, train.features.shape[1], parameters.objective)
    ours = train.base + trees.margin(train.features)
    if not np.allclose(ours, expected, rtol=AGREEMENT, atol=AGREEMENT):
        raise TrainingError("the trees' reader and XGBoost disagree; the installed XGBoost writes another format")
    return model
