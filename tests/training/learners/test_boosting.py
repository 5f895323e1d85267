import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from training.errors import TrainingError
from training.learners import boosting, trees
from training.learners.boosting import BoostingParameters, Sample, choose_rounds, fit_booster
from training.learners.trees import Trees

PARAMETERS = BoostingParameters(
    rounds=30,
    patience=3,
    max_depth=3,
    eta=0.3,
    min_child_weight=1,
    subsample=1,
    colsample_bytree=1,
    reg_lambda=1,
    seed=0,
)


def sample(seed: int) -> Sample:
    random = np.random.default_rng(seed)
    features = random.normal(size=(200, 3)).astype(np.float32)
    features[::9, 2] = np.nan
    return Sample(
        features, random.normal(size=200), features[:, 0] * features[:, 1] + np.nan_to_num(features[:, 2]) > 0
    )


@pytest.mark.parametrize(
    "changes",
    [
        lambda read: {"threshold": np.nextafter(read.threshold, np.float32(np.inf))},  # <= instead of <
        lambda read: {"left": read.right, "right": read.left},
        lambda read: {"value": read.value + 1e-3},
        lambda read: {"missing_left": ~read.missing_left},
        lambda read: {"roots": read.roots[:-1]},
    ],
)
def test_models_read_otherwise_do_not_leave_the_job(
    monkeypatch: pytest.MonkeyPatch, changes: Callable[[Trees], dict[str, Any]]
) -> None:
    """Whatever our reader gets wrong of a model, a value on a threshold included, the training job stops."""
    fit_booster(PARAMETERS, sample(0), 5)

    def read_otherwise(model: Mapping[str, Any], features: int, _objective: str) -> Trees:
        read = trees.read_trees(model, features)
        return dataclasses.replace(read, **changes(read))

    monkeypatch.setattr(boosting, "read_trees", read_otherwise)
    with pytest.raises(TrainingError, match="disagree"):
        fit_booster(PARAMETERS, sample(0), 5)


def test_rounds_stop_when_they_no_longer_help() -> None:
    """Rounds go on while they help on the validation rows, and no further than they do."""
    assert 1 < choose_rounds(PARAMETERS, sample(0), sample(1)) <= PARAMETERS.rounds
    nothing_to_learn = dataclasses.replace(sample(1), target=np.logical_not(sample(1).target))
    assert choose_rounds(PARAMETERS, sample(0), nothing_to_learn) == 1
