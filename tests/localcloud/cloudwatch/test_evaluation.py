from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.cloudwatch.evaluation import TREATMENTS, Rule, decide
from localcloud.cloudwatch.reasons import reason

DATA = {"0": 0.0, "X": 10.0, "-": None}
INSUFFICIENT, RETAIN = "INSUFFICIENT_DATA", None
A, K = "ALARM", "OK"


def rule(datapoints: int, periods: int, missing: str = "missing") -> Rule:
    return Rule("GreaterThanThreshold", 5.0, periods, datapoints, missing)


def points(data: Sequence[str]) -> list[tuple[int, float | None]]:
    return [(60 * minute, DATA[each]) for minute, each in enumerate(data)]


def state(data: Sequence[str], of: Rule) -> str | None:
    verdict = decide(points(data), of)
    return verdict.state if verdict else None


@pytest.mark.parametrize(
    ("datapoints", "data", "filled", "missing", "ignore", "breaching", "not_breaching"),
    [
        (3, "0-X-X", 0, K, K, K, K),
        (3, "0----", 2, K, K, K, K),
        (3, "-----", 3, INSUFFICIENT, RETAIN, A, K),
        (3, "0XX-X", 0, A, A, A, A),
        (3, "--X--", 2, A, RETAIN, A, K),
        (3, "----X", 2, INSUFFICIENT, RETAIN, A, K),  # this one from the guide's edition of 2019
        (3, "X----", 2, A, RETAIN, A, K),  # and this one
        (2, "0-X-X", 0, A, A, A, A),
        (2, "00X0X", 0, A, A, A, A),
        (2, "0-X--", 1, K, K, A, K),
        (2, "----0", 2, K, K, A, K),
        (2, "---X-", 2, A, RETAIN, A, K),
        (2, "----X", 2, INSUFFICIENT, RETAIN, A, K),  # of 2019
    ],
)
def test_missing_data(  # noqa: PLR0917  a row of the table
    datapoints: int,
    data: str,
    filled: int,
    missing: str | None,
    ignore: str | None,
    breaching: str | None,
    not_breaching: str | None,
) -> None:
    """The tables of the CloudWatch User Guide, "Configuring how CloudWatch alarms treat missing data": N is 3."""
    expected = {"missing": missing, "ignore": ignore, "breaching": breaching, "notBreaching": not_breaching}
    assert {name: state(data, rule(datapoints, 3, name)) for name in TREATMENTS} == expected
    verdict = decide(points(data), rule(datapoints, 3, "notBreaching"))
    assert verdict is not None
    assert verdict.filled == filled


@pytest.mark.parametrize(
    ("comparison", "expected"),
    [
        ("GreaterThanThreshold", [False, False, True]),
        ("GreaterThanOrEqualToThreshold", [False, True, True]),
        ("LessThanThreshold", [True, False, False]),
        ("LessThanOrEqualToThreshold", [True, True, False]),
    ],
)
def test_comparisons(comparison: str, expected: list[bool]) -> None:
    """The statistic is the first operand (Source: PutMetricAlarm, ComparisonOperator)."""
    assert [Rule(comparison, 5.0, 1, 1).breaches(value) for value in (4.0, 5.0, 6.0)] == expected


@given(st.data())
def test_m_out_of_n_without_gaps(data: st.DataObject) -> None:
    """With no point missing, M or more breaching among the last N raise the alarm, whatever the treatment."""
    periods = data.draw(st.integers(1, 6))
    of = rule(data.draw(st.integers(1, periods)), periods, data.draw(st.sampled_from(TREATMENTS)))
    drawn = data.draw(st.lists(st.sampled_from("0X"), min_size=of.range, max_size=of.range))
    breaching = drawn[-periods:].count("X")
    assert state(drawn, of) == (A if breaching >= of.datapoints else K)


@given(st.data())
def test_treatments_are_ordered(data: st.DataObject) -> None:
    """What raises an alarm with missing points taken as good raises it with them taken as anything else."""
    periods = data.draw(st.integers(1, 6))
    datapoints = data.draw(st.integers(1, periods))
    drawn = data.draw(st.lists(st.sampled_from("0X-"), min_size=periods + 2, max_size=periods + 2))
    raised = {name: state(drawn, rule(datapoints, periods, name)) == A for name in TREATMENTS}
    assert not raised["notBreaching"] or all(raised.values())
    assert raised["breaching"] or not any(raised.values())


@given(st.data())
def test_enough_real_points_make_the_treatment_idle(data: st.DataObject) -> None:
    """With N real points in the range the treatment of missing ones does not matter."""
    periods = data.draw(st.integers(1, 6))
    datapoints = data.draw(st.integers(1, periods))
    drawn = data.draw(
        st.lists(st.sampled_from("0X-"), min_size=periods + 2, max_size=periods + 2).filter(
            lambda each: each.count("-") <= 2
        )
    )
    assert len({state(drawn, rule(datapoints, periods, name)) for name in TREATMENTS}) == 1


@pytest.mark.parametrize(
    ("data", "of", "text"),
    [
        (
            "--X",
            rule(1, 1),
            """Threshold Crossed: 1 out of the last 1 datapoints [10.0 (01/01/70 00:02:00)] was greater than
            the threshold (5.0) (minimum 1 datapoint for OK -> ALARM transition).""",
        ),
        (
            "--X0X",
            rule(2, 3),
            """Threshold Crossed: 2 out of the last 3 datapoints [10.0 (01/01/70 00:04:00), 10.0 (01/01/70 00:02:00)]
            were greater than the threshold (5.0) (minimum 2 datapoints for OK -> ALARM transition).""",
        ),
        (
            "--0",
            rule(1, 1),
            """Threshold Crossed: 1 out of the last 1 datapoints [0.0 (01/01/70 00:02:00)] was not greater than the
            threshold (5.0) (minimum 1 datapoint for ALARM -> OK transition).""",
        ),
        ("---", rule(1, 1), "Insufficient Data: 1 datapoint was unknown."),
        (
            "---",
            rule(1, 1, "breaching"),
            """Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated as
            [Breaching].""",
        ),
        (
            "----",
            rule(1, 2, "notBreaching"),
            """Threshold Crossed: no datapoints were received for 2 periods and 2 missing datapoints were treated as
            [NonBreaching].""",
        ),
    ],
)
def test_reasons(data: str, of: Rule, text: str) -> None:
    """A state's reason has AWS's words (Source: sample events of the User Guide, and alarms that users show)."""
    verdict = decide(points(data), of)
    assert verdict is not None
    assert reason(verdict, of) == " ".join(text.split())
