import json
from dataclasses import asdict, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.errors import InvalidSpecError
from chalicelib.core.measures import reaches
from chalicelib.core.policies import GatePolicy
from chalicelib.core.spec import PipelineSpec
from chalicelib.pipelines import PIPELINES

REVIEWS = PIPELINES["reviews"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"margin": -0.1}, "margins lie between 0 and 1"),
        ({"margin": 0.2}, "margins lie between 0 and 1"),
        ({"widest_margin": 1.0}, "margins lie between 0 and 1"),
        ({"level": 0.0}, "a level lies between"),
        ({"level": 0.5}, "a level lies between"),
        ({"min_rows": 0}, "least counts must be positive"),
        ({"metric": "rmse"}, "metrics for binary_classification are accuracy"),
        ({"thresholds": {"speed": 1.0}}, "metrics for binary_classification are accuracy"),
        ({"slice_floors": {"r2": 0.5}}, "metrics for binary_classification are accuracy"),
        ({"thresholds": {"auc": float("nan")}}, "finite numbers"),
        ({"source_floors": {"auc": True}}, "finite numbers"),
        ({"hold_on": ("rain",)}, "alerts are target_shift"),
        ({"approval": "none"}, "approval is one of"),
    ],
)
def test_unusable_gates_are_refused(change: dict[str, Any], message: str) -> None:
    """A gate that could not be judged by is refused with the spec, in words."""
    with pytest.raises(InvalidSpecError, match=message):
        replace(REVIEWS, gate=GatePolicy(**change))


@pytest.mark.parametrize("name", PIPELINES)
def test_gates_survive_json(name: str) -> None:
    """A pipeline's gate is the same after the way to the container."""
    spec = PIPELINES[name]
    assert PipelineSpec.from_dict(json.loads(json.dumps(spec.to_dict()))) == spec


def test_old_gates_have_defaults() -> None:
    """A gate written before a field was there has the field's default."""
    old = {name: value for name, value in asdict(GatePolicy(margin=0.02)).items() if name in {"metric", "margin"}}
    assert GatePolicy.from_dict(old) == GatePolicy(margin=0.02)


@given(st.floats(0, 2), st.floats(0, 2))
def test_margin_grows_with_uncertainty_between_its_ends(one: float, other: float) -> None:
    """The margin is never below what is wanted nor above the widest, and less sure figures never narrow it."""
    gate = GatePolicy(margin=0.01, widest_margin=0.1)
    low, high = sorted((one, other))
    assert 0.01 <= gate.margin_at(low) <= gate.margin_at(high) <= 0.1


def test_widened_margin_lets_equals_pass_in_four_of_five() -> None:
    """With many groups, an equal model's gain is normal around 0; its lower bound is above the margin in 80 %."""
    gate = GatePolicy(margin=0.0, widest_margin=0.9, level=0.05)
    error, quantile, power = 0.02, 1.6448536, 0.8416212  # of the normal distribution at 95 % and 80 %
    assert gate.margin_at(quantile * error) == pytest.approx((quantile + power) * error)


@pytest.mark.parametrize(
    ("metric", "value", "bound", "met"),
    [
        ("accuracy", 0.8, 0.8, True),
        ("accuracy", 0.79, 0.8, False),
        ("rmse", 3.0, 3.0, True),
        ("rmse", 3.1, 3.0, False),
        ("accuracy", float("nan"), 0.0, False),
        ("rmse", float("nan"), 9.0, False),
    ],
)
def test_less_of_an_error_is_better(metric: str, value: float, bound: float, *, met: bool) -> None:
    """A share must be at least its bound, an error at most, and what is no number reaches none."""
    assert reaches(metric, value, bound) is met
