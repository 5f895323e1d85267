"""T14: a month of hourly checks, with drift, alarms that flap, labels, outages, and one call in twenty refused.

Three days of it in every test run, all thirty with `--everything`; `--first-seed S` replays the month of a seed.
"""

import pytest

from tests.chalicelib.aws.world import on
from tests.chalicelib.reliability.month import Month
from tests.chalicelib.reliability.month_checker import check_alike, check_month, left

SHORT, LONG = 3, 30  # days


def check_days(seed: int, days: int) -> int:
    """Claim: the month of a seed ends right, with refusals and without, and both alike; return how many there were."""
    found = []
    try:
        for month in (Month(seed, days, disturbed=False), Month(seed, days)):
            with on(month.play().world):
                check_month(month)
                found.append(left(month))
        check_alike(found[1], found[0])
    except AssertionError as error:
        raise AssertionError(f"seed {seed}, {days} days: {error}") from error
    return month.refusals.struck


def test_month(request: pytest.FixtureRequest, everything: bool) -> None:  # noqa: FBT001 - a fixture
    """Runs by alarm keep their cool-down, and nothing is stuck, missed, untold or grows without bound."""
    days = LONG if everything else SHORT
    assert check_days(request.config.getoption("--first-seed"), days) > 100 * days


def test_replay() -> None:
    """The same seed is the same month: every call of AWS, and everything that is left."""
    one, two = (Month(5, 1).play() for _ in range(2))
    assert one.world.account.history == two.world.account.history
    assert one.world.account.tables == two.world.account.tables
    assert one.world.account.objects.versions == two.world.account.objects.versions
