import random
from itertools import pairwise
from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.alarm_rule import (
    HIGHEST_LEVEL,
    LOWEST_LEVEL,
    MOST_CHECKS,
    AlarmRule,
    alarm_rule,
    alarms_a_month,
    expected_alarms,
    shared_variance,
)
from chalicelib.core.errors import InvalidSpecError

SCHEDULES = {"hourly": 730.0, "daily": 30.4, "weekly": 4.35}


@given(st.sampled_from([*SCHEDULES.values()]), st.floats(0.2, 10), st.floats(0, 0.9), st.integers(1, 5))
def test_no_rule_alarms_more_often_than_stated(checks: float, allowed: float, common: float, alarms: int) -> None:
    """Whatever the schedule, alarms have no more false ones a month than stated."""
    rule = alarm_rule(checks, false_alarms=allowed, common=common, alarms=alarms)
    assert expected_alarms(rule, checks, common) * alarms <= allowed
    assert LOWEST_LEVEL <= rule.level <= HIGHEST_LEVEL
    assert 1 <= rule.m <= rule.n <= MOST_CHECKS


@pytest.mark.parametrize(("schedule", "m", "n"), [("hourly", 2, 3), ("daily", 1, 1), ("weekly", 1, 1)])
def test_rules_of_usual_schedules(schedule: str, m: int, n: int) -> None:
    """One false alarm a month lets a single daily or weekly check alarm, and asks for two of three hourly ones."""
    rule = alarm_rule(SCHEDULES[schedule])
    assert (rule.m, rule.n) == (m, n)


def test_weekly_checks_are_judged_at_the_highest_level() -> None:
    """Checks so few that the highest level alarms less often than stated are judged at it, and at none above."""
    assert alarm_rule(SCHEDULES["weekly"]) == AlarmRule(HIGHEST_LEVEL, 1, 1)


def test_an_alarm_looks_back_a_week_at_most() -> None:
    """However rare false alarms must be, no rule looks back more than seven days."""
    assert alarm_rule(SCHEDULES["weekly"], false_alarms=0.05).n == 1


@pytest.mark.parametrize("rule", [AlarmRule(0.2, 1, 1), AlarmRule(0.2, 2, 3), AlarmRule(0.3, 3, 4)])
def test_alarms_begin_as_often_as_when_counted(rule: AlarmRule) -> None:
    """The formula's number of alarms is that which is counted among independent checks."""
    dice = random.Random(0)  # noqa: S311 - of a simulation
    drifted = [dice.random() < rule.level for _ in range(100_000)]
    states = [sum(drifted[place : place + rule.n]) >= rule.m for place in range(len(drifted) - rule.n + 1)]
    begun = sum(now and not before for before, now in pairwise(states))
    assert begun / len(states) == pytest.approx(alarms_a_month(rule, 1, 0.0, 0.0), rel=0.03)


@given(st.floats(0.002, 0.05), st.floats(0, 0.5))
def test_the_level_holds_on_average_over_baselines(level: float, common: float) -> None:
    """However much windows have in common, a single check drifts as often as its level on average over baselines."""
    # A rule of one check begins an alarm with p * (1 - p), of which p is a root.
    chances = [alarms_a_month(AlarmRule(level, 1, 1), 1, common, place / 10) for place in range(-50, 51)]
    drifted = [(1 - (1 - 4 * chance) ** 0.5) / 2 if chance < 0.25 else 0.5 for chance in chances]
    weights = [NormalDist().pdf(place / 10) for place in range(-50, 51)]
    mean = sum(weight * chance for weight, chance in zip(weights, drifted, strict=True)) / sum(weights)
    assert mean == pytest.approx(level, rel=0.05)


def test_unlucky_baselines_alarm_more() -> None:
    """The further a baseline is off, the more often it alarms, where windows have something in common."""
    rule = AlarmRule(0.02, 2, 3)
    near, far = (alarms_a_month(rule, 730, 0.1, place) for place in (0.0, 2.0))
    assert near < alarms_a_month(rule, 730, 0.0, 0.0) < far
    assert alarms_a_month(rule, 730, 0.0, 2.0) == alarms_a_month(rule, 730, 0.0, 0.0)


@pytest.mark.parametrize(("window", "baseline", "share"), [(1_000, 1_000, 0.5), (250, 750, 0.25), (0, 10, 0.0)])
def test_what_windows_have_in_common(window: float, baseline: float, share: float) -> None:
    """The smaller the baseline beside a window, the more all its windows have in common."""
    assert shared_variance(window, baseline) == share


@pytest.mark.parametrize(
    "wrong",
    [
        {"checks": 0},
        {"checks": float("nan")},
        {"false_alarms": 0},
        {"common": 1},
        {"common": -0.1},
        {"alarms": 0},
        {"lowest": 0.1},
    ],
)
def test_numbers_that_mean_nothing_are_refused(wrong: dict[str, float]) -> None:
    """Numbers that mean nothing are refused."""
    with pytest.raises(InvalidSpecError):
        alarm_rule(**({"checks": 30.0} | wrong))  # type: ignore[arg-type]


def test_what_no_rule_can_hold_is_refused() -> None:
    """Where no rule is strict enough, the owner is told to check less often, and gets none that alarms more."""
    with pytest.raises(InvalidSpecError, match="check less often"):
        alarm_rule(SCHEDULES["weekly"], false_alarms=0.001)
