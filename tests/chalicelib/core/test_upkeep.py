"""How a live model is watched, and what asks for a new one, as a spec says it."""

import json
from dataclasses import replace

import pytest

from chalicelib.core import digests
from chalicelib.core.alarm_rule import AlarmRule
from chalicelib.core.errors import InvalidSpecError
from chalicelib.core.policies import DataPolicy
from chalicelib.core.spec import PipelineSpec
from chalicelib.core.upkeep import DriftPolicy, RetrainPolicy
from chalicelib.pipelines import DEFAULT, PIPELINES

SPEC = PIPELINES[DEFAULT]
OTHER = {
    "drift": DriftPolicy("rate(1 hour)", capture_percent=5, false_alarms_per_month=0.5),
    "retrain": RetrainPolicy("cron(0 3 ? * MON *)", on_alarm=False, least_labels=7),
    "batch_schedule": "rate(6 hours)",
}


def test_round_trip() -> None:
    """All of it survives the trip as JSON, and a document from before it was said has the defaults."""
    spec = replace(SPEC, **OTHER)  # type: ignore[arg-type] # each of its own kind
    assert PipelineSpec.from_dict(json.loads(json.dumps(spec.to_dict()))) == spec
    old = {name: value for name, value in SPEC.to_dict().items() if name not in OTHER}
    assert PipelineSpec.from_dict(old) == SPEC


def test_no_part_of_the_recipe() -> None:
    """However a model is watched, the same rows and recipe are the same run."""
    spec = replace(SPEC, **OTHER)  # type: ignore[arg-type] # each of its own kind
    assert digests.recipe(spec, "image") == digests.recipe(SPEC, "image")
    assert digests.prepare_recipe(spec, "image") == digests.prepare_recipe(SPEC, "image")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"drift": DriftPolicy(schedule="hourly")}, "write rate"),
        ({"drift": DriftPolicy(capture_percent=101)}, "between 0 and 100"),
        ({"drift": DriftPolicy(false_alarms_per_month=0)}, "must be positive"),
        ({"drift": DriftPolicy(least_rows=0)}, "least_rows"),
        ({"drift": DriftPolicy(least_coverage=0)}, "a share above 0"),
        ({"retrain": RetrainPolicy(schedule="rate(2 hour)")}, "schedule"),
        ({"retrain": RetrainPolicy(cool_down_hours=float("inf"))}, "cool-down"),
        ({"retrain": RetrainPolicy(most_fruitless=0)}, "least counts"),
        ({"batch_schedule": "cron(1)"}, "schedule"),
        ({"policy": DataPolicy(feedback_days=0)}, "feedback_days"),
    ],
)
def test_what_cannot_be_meant(change: dict[str, object], complaint: str) -> None:
    """A spec that cannot be kept is refused, with what to do."""
    with pytest.raises(InvalidSpecError, match=complaint):
        replace(SPEC, **change)  # type: ignore[arg-type] # that is what is tested


@pytest.mark.parametrize(
    ("schedule", "allowed", "level"),
    [("", 1.0, 0.05), ("rate(7 days)", 1.0, 0.05), ("rate(1 day)", 1.0, 0.0164), ("rate(1 hour)", 2.0, 0.00137)],
)
def test_quality_alarms_share_what_is_allowed(schedule: str, allowed: float, level: float) -> None:
    """Without loss the quality alarm has half of the false alarms a month that the spec allows, at most."""
    policy = DriftPolicy(schedule, false_alarms_per_month=allowed)
    assert policy.quality_level == pytest.approx(level, rel=0.01)


@pytest.mark.parametrize(("schedule", "checks"), [("rate(1 hour)", 730), ("rate(1 day)", 30), ("rate(7 days)", 4)])
def test_more_checks_are_stricter(schedule: str, checks: int) -> None:
    """The more checks a month, the stricter each or the more must agree; those by hand are taken one by one."""
    rule = DriftPolicy(schedule=schedule).rule
    assert checks * rule.level**rule.m <= 2
    assert DriftPolicy(schedule="").rule == AlarmRule(0.05, 1, 1)
