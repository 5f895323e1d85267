"""How strict each drift check is, and how many must drift for an alarm, so that false alarms are as rare as was asked.

An owner says how many false alarms a month are one too many; a check knows only its level, the chance that a window
without drift is called drifted. Between them lie how many checks a month has, how many alarms share the allowance, and
that an alarm asks for ``m`` of the last ``n`` checks, as CloudWatch's do (DatapointsToAlarm of EvaluationPeriods).

*How verdicts hang together.* All windows of one baseline share its sampling error: with ``r`` rows of a window and
``b`` of the baseline, a part ``r / (r + b)`` of the variance of their difference is common to all of them. So a check
is modelled as ``|sqrt(common) * u + sqrt(1 - common) * e| > c``, with ``u`` one standard normal for the baseline and
``e`` another for each window (the one-factor model of Vasicek 1987): of a given baseline the checks are independent,
and each drifts with a chance ``p(u)`` whose mean over baselines is the level.

*How often an alarm begins.* Independent checks that drift with chance ``p`` start an alarm where the newest one drifts,
``m - 1`` of the ``n - 1`` before it do, and the one that just left did not, since else there was an alarm already:
``binomial(n - 1, m - 1) * p^m * (1 - p)^(n - m + 1)`` of all checks. Its mean over ``u``, times the checks of a month,
is what is bounded. That many are expected of an average baseline: an unlucky one has more, see `alarms_a_month`.

*Which rule.* Of all that stay within the bound, the one that needs the fewest checks to see a drift that a single check
at the level of 5 % sees half of the time (the average run length of Champ and Woodall 1987, by their chain of states).

The price: windows of the same traffic may resemble each other by more than the baseline, as those of one day's news do;
that is not reckoned with, and a rule of several checks is then somewhat less strict than it says.
"""

from dataclasses import dataclass
from functools import cache
from itertools import product
from math import comb, exp, floor, isfinite, sqrt
from statistics import NormalDist

from chalicelib.core.errors import InvalidSpecError

HIGHEST_LEVEL = 0.05
LOWEST_LEVEL = 0.002  # what the draws of a check resolve: `training.monitor.check` refuses smaller ones
MOST_CHECKS = 5  # that one alarm looks at
LONGEST_DAYS = 7  # that CloudWatch lets an alarm look back, of periods of an hour or more
DAYS_A_MONTH = 365.25 / 12

_STEP = 0.95  # from one level that is tried to the next
_NORMAL = NormalDist()
_HALF_SEEN = _NORMAL.inv_cdf(1 - HIGHEST_LEVEL / 2)  # a drift of so many standard errors
_PLACES = [place / 10 for place in range(-50, 51)]  # of u, to five standard deviations
_WEIGHTS = [exp(-place * place / 2) for place in _PLACES]


@dataclass(frozen=True)
class AlarmRule:
    """An alarm begins when at least ``m`` of the last ``n`` checks drifted, each judged at ``level``.

    A check that could not be judged is not one that drifted.
    """

    level: float
    m: int
    n: int


def alarm_rule(
    checks: float, *, false_alarms: float = 1.0, common: float = 0.0, alarms: int = 1, lowest: float = LOWEST_LEVEL
) -> AlarmRule:
    """Return the rule that keeps false alarms as rare as stated.

    Parameters
    ----------
    checks
        How many there are a month: 730 hourly ones, 30.4 daily ones, 4.35 weekly ones.
    false_alarms
        The most a month, on average over baselines.
    common
        The share of variance that all windows have in common, at least 0 and less than 1; see `shared_variance`.
    alarms
        How many alarms, of different metrics, share the allowance, each with its own checks. A check of many figures is
        one metric, since its level is for all of them together. Expected numbers add up, however metrics depend.
    lowest
        The smallest level that a check can tell.

    Raises
    ------
    InvalidSpecError
        If the numbers mean nothing, or no rule of ours is so strict.
    """
    _refuse_nonsense(checks, false_alarms, common, alarms, lowest)
    allowed = false_alarms / alarms
    within = max(1, min(MOST_CHECKS, floor(LONGEST_DAYS * checks / DAYS_A_MONTH)))
    best: tuple[float, AlarmRule] | None = None
    open_rules = {(m, n) for n in range(1, within + 1) for m in range(n // 2 + 1, n + 1)}
    for level in _levels(lowest):
        fit = {(m, n) for m, n in open_rules if expected_alarms(AlarmRule(level, m, n), checks, common) <= allowed}
        open_rules -= fit  # a smaller level only makes the same rule slower
        seen = _chance(level, 0.0, 0.0, _HALF_SEEN)
        for m, n in sorted(fit):
            delay = _checks_until_alarm(round(seen, 6), m, n)
            if best is None or delay < best[0]:
                best = delay, AlarmRule(level, m, n)
    if best is None:
        raise InvalidSpecError(
            f"{checks:g} checks a month cannot have so few false alarms as {allowed:g} of each alarm: check less often,"
            " or allow more"
        )
    return best[1]


def shared_variance(window: float, baseline: float) -> float:
    """Return what windows of so many rows have in common through a baseline of so many, as a share of the variance.

    Where rows come in groups, both are numbers of groups, or of whatever is independent.
    """
    return window / (window + baseline)


def expected_alarms(rule: AlarmRule, checks: float, common: float) -> float:
    """Return how many alarms without drift begin in a month of so many checks, on average over baselines."""
    rates = (alarms_a_month(rule, checks, common, place) for place in _PLACES)
    return sum(weight * rate for weight, rate in zip(_WEIGHTS, rates, strict=True)) / sum(_WEIGHTS)


def alarms_a_month(rule: AlarmRule, checks: float, common: float, baseline: float) -> float:
    """Return the same of one baseline, whose own error is so many of its standard deviations from none."""
    chance = _chance(rule.level, common, baseline, 0.0)
    before = comb(rule.n - 1, rule.m - 1)
    return checks * before * chance**rule.m * (1 - chance) ** (rule.n - rule.m + 1)


@cache
def _chance(level: float, common: float, baseline: float, moved: float) -> float:
    """Return the chance that a check drifts; ``moved`` is by how many standard errors the window really has."""
    bound, middle, spread = _NORMAL.inv_cdf(1 - level / 2), sqrt(common) * baseline + moved, sqrt(1 - common)
    return _NORMAL.cdf((middle - bound) / spread) + _NORMAL.cdf((-middle - bound) / spread)


@cache
def _checks_until_alarm(chance: float, m: int, n: int) -> float:
    """Return how many checks, each drifting with such a chance, it takes on average until an alarm, from none.

    The states are which of the last ``n - 1`` checks drifted; the expected numbers from each are found by repetition.
    """
    states = [state for state in product((0, 1), repeat=n - 1) if sum(state) < m]
    needed = dict.fromkeys(states, 0.0)
    for _ in range(10_000):
        before = needed
        needed = {
            state: 1
            + (1 - chance) * before[(*state, 0)[1:]]
            + (chance * before.get((*state, 1)[1:], 0.0) if sum(state) + 1 < m else 0.0)
            for state in states
        }
        if max(abs(needed[state] - before[state]) for state in states) < 1e-6:  # noqa: PLR2004 - of a check
            break
    return needed[(0,) * (n - 1)]


def _levels(lowest: float) -> list[float]:
    levels = []
    level = HIGHEST_LEVEL
    while level > lowest:
        levels.append(float(f"{level:.3g}"))
        level *= _STEP
    return [*levels, lowest]


def _refuse_nonsense(checks: float, false_alarms: float, common: float, alarms: int, lowest: float) -> None:
    if not all(isfinite(number) and number > 0 for number in (checks, false_alarms, alarms)):
        raise InvalidSpecError("checks a month, false alarms a month and the number of alarms must be positive")
    if not 0 <= common < 1:
        raise InvalidSpecError(f"the share of variance in common is at least 0 and less than 1, got {common:g}")
    if not 0 < lowest <= HIGHEST_LEVEL:
        raise InvalidSpecError(f"the smallest level is above 0 and at most {HIGHEST_LEVEL:g}, got {lowest:g}")
