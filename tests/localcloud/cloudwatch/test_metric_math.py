import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.cloudwatch.expression import parse
from localcloud.cloudwatch.math_functions import Scope
from localcloud.cloudwatch.metric_math import evaluate
from localcloud.cloudwatch.series import Series
from localcloud.errors import AwsError

GAP = None
Values = Sequence[float | None]


def series(values: Values, label: str = "") -> Series:
    points = {60 * minute: value for minute, value in enumerate(values) if value is not None}
    return Series(points, 60, label, is_metric=True)


def worked_out(text: str, length: int = 5, **metrics: Values) -> Any:
    known = {name: [series(values, name)] for name, values in metrics.items()}
    found = evaluate(parse(text), Scope(known, tuple(metrics), 0, 60 * length))
    if isinstance(found, list):
        return [shown(each, length) for each in found]
    return shown(found, length) if isinstance(found, Series) else found


def shown(found: Series, length: int) -> Values:
    assert list(found.points) == sorted(found.points)
    return [found.points.get(60 * minute) for minute in range(length)]


ONE, TWO, THREE = [1.0, 1.0, 0.0, 0.0, GAP], [30.0, GAP, 0.0, 0.0, 30.0], [0.0, 0.0, 20.0, GAP, 20.0]


@pytest.mark.parametrize(
    ("text", "metrics", "expected"),
    [
        # the guide's examples
        ("a < b", {"a": [30.0, 20.0, 0.0, 0.0], "b": [20.0, GAP, 20.0, GAP]}, [0.0, 0.0, 1.0, 0.0]),
        ("a >= 30", {"a": [30.0, 20.0, 0.0, 0.0]}, [1.0, 0.0, 0.0, 0.0]),
        ("a > 15 AND b > 15", {"a": [30.0, 20.0, 0.0, 0.0], "b": [20.0, GAP, 20.0, GAP]}, [1.0, 0.0, 0.0, 0.0]),
        ("IF(a, b, c)", {"a": ONE, "b": TWO, "c": THREE}, [30.0, 0.0, 20.0, GAP, GAP]),
        ("IF(a, 5, c)", {"a": ONE, "c": THREE}, [5.0, 5.0, 20.0, GAP, GAP]),
        ("IF(a, b, 5)", {"a": ONE, "b": TWO}, [30.0, 0.0, 5.0, 5.0, GAP]),
        ("IF(a, b)", {"a": ONE, "b": TWO}, [30.0, 0.0, GAP, GAP, GAP]),
        ("IF(a<400, 10, 2)", {"a": [300.0, 500.0, GAP]}, [10.0, 2.0, GAP]),
        ("IF(0, a, b)", {"a": ONE, "b": TWO}, TWO),
        ("a / b", {"a": [1.0, 2.0, 3.0], "b": [2.0, 0.0, GAP]}, [0.5, GAP, GAP]),
        ("SUM([a, b])", {"a": [1.0, 2.0, GAP], "b": [10.0, GAP, GAP]}, [11.0, 2.0, GAP]),
        ("AVG([a, b])", {"a": [1.0, 2.0, GAP], "b": [10.0, GAP, GAP]}, [5.5, 1.0, GAP]),
        ("MIN([a, b])", {"a": [1.0, 2.0, GAP], "b": [10.0, GAP, GAP]}, [1.0, 2.0, GAP]),
        ("MAX(METRICS())", {"a": [1.0, 2.0, GAP], "b": [10.0, GAP, GAP]}, [10.0, 2.0, GAP]),
        ('SUM(METRICS("err"))', {"err1": [1.0], "err2": [2.0], "calls": [4.0]}, [3.0]),
        ("METRICS()/100", {"a": [100.0], "b": [200.0]}, [[1.0], [2.0]]),
        ("SUM(-[a, b])", {"a": [1.0], "b": [2.0]}, [-3.0]),
        ("SUM(100/[a, b])", {"a": [50.0], "b": [25.0]}, [6.0]),
        ("a - AVG(a)", {"a": [1.0, 3.0]}, [-1.0, 1.0]),
        ("a / PERIOD(a)", {"a": [120.0]}, [2.0]),
        ("FILL(a, 7)", {"a": [1.0, GAP, 3.0]}, [1.0, 7.0, 3.0]),
        ("FILL(a, b)", {"a": [1.0, GAP, GAP], "b": [GAP, 5.0, GAP]}, [1.0, 5.0, GAP]),
        ("FILL(a, MIN(a))", {"a": [GAP, 2.0, 3.0]}, [2.0, 2.0, 3.0]),
        ("FILL(a, REPEAT)", {"a": [GAP, 1.0, GAP, GAP, 4.0]}, [GAP, 1.0, 1.0, 1.0, 4.0]),
        ("FILL(a, LINEAR)", {"a": [GAP, 1.0, GAP, GAP, 4.0]}, [GAP, 1.0, 2.0, 3.0, 4.0]),
        ("FILL(METRICS(), 0)", {"a": [GAP], "b": [2.0]}, [[0.0], [2.0]]),
        ("DIFF(a)", {"a": [1.0, 4.0, GAP, 10.0]}, [GAP, 3.0, GAP, 6.0]),
        ("RATE(a)", {"a": [0.0, 60.0, GAP, 180.0]}, [GAP, 1.0, GAP, 1.0]),
        ("RUNNING_SUM(a)", {"a": [1.0, 2.0, GAP, 3.0]}, [1.0, 3.0, GAP, 6.0]),
        ("ABS(a)", {"a": [-1.0, 2.0]}, [1.0, 2.0]),
        ("CEIL(a)", {"a": [1.2, -1.2]}, [2.0, -1.0]),
        ("FLOOR(a)", {"a": [1.2, -1.2]}, [1.0, -2.0]),
        # ours
        ("a ^ 0.5", {"a": [4.0, -4.0]}, [2.0, GAP]),
        ("a > 1 || b == 2 && a != 0", {"a": [0.0, 1.0, 2.0], "b": [2.0, 2.0, 0.0]}, [0.0, 1.0, 1.0]),
        ("a * AVG(b)", {"a": [1.0], "b": []}, [GAP]),
        ("SUM([a > AVG(b), a])", {"a": [1.0], "b": []}, [1.0]),
    ],
)
def test_values(text: str, metrics: Mapping[str, Values], expected: Any) -> None:
    """Expressions give what the CloudWatch User Guide says ("Using math expressions with CloudWatch metrics")."""
    assert worked_out(text, max(map(len, metrics.values())), **metrics) == expected


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "too early"),
        ("1 +", "too early"),
        ("(1", "missing"),
        ("[1, a]", "number"),
        ("1 2", "'2' was not expected"),
        ("a $ b", "unexpected '\\$'"),
        ("SEARCH('x', 'Sum')", "SEARCH"),
        ("ANOMALY_DETECTION_BAND(a)", "ANOMALY_DETECTION_BAND"),
        ("sum(a)", "sum"),
        ("__import__('os')", "__import__"),
        ("SUM(a, b)", "takes 1 arguments, not 2"),
        ("SUM(1)", "number"),
        ("nobody", "nobody"),
        ("PERIOD(a + 1)", "PERIOD"),
        ("[a, b] + [a, b]", "two arrays"),
        ("IF([a, b], 1)", "no array"),
        ("IF(1, 2, a)", "IF"),
        ("'text'", "text"),
        ("FILL(a, [a, b])", "FILL"),
        ("(" * 50 + "1" + ")" * 50, "nested"),
        ("2" + "^2" * 100, "nested"),
        ("1" + "+1" * 1000, "parts"),
    ],
)
def test_refused(text: str, part: str) -> None:
    """What is wrong, or not emulated, is a ValidationError that says what, also where it is long or deep."""
    with pytest.raises(AwsError, match=part) as refused:
        worked_out(text, a=[1.0], b=[2.0])
    assert refused.value.code == "ValidationError"


@st.composite
def python_expressions(draw: st.DrawFn, depth: int = 4) -> str:
    """Draw an expression that Python and metric math read alike; no step of it has an infinite result."""
    if depth == 0 or draw(st.booleans()):
        return repr(draw(st.floats(0, 1000).map(lambda number: round(number, 1))))
    left, right = draw(python_expressions(depth - 1)), draw(python_expressions(depth - 1))
    sign = draw(st.sampled_from(["+", "-", "*", "/"]))
    shape = draw(st.sampled_from(["{0} {1} {2}", "({0}) {1} ({2})", "-{0} {1} {2}", "({0})^2 {1} {2}"]))
    return shape.format(left, sign, right)


@given(python_expressions())
def test_numbers_as_in_python(text: str) -> None:
    """Arithmetic on numbers is Python's; what has no finite result has none here."""
    try:
        expected = eval(text.replace("^", "**"))  # noqa: S307  drawn above: digits and signs
    except (ZeroDivisionError, OverflowError):
        expected = math.nan
    found = worked_out(text)
    if math.isfinite(expected):
        assert found == expected
    else:
        assert math.isnan(found)


VALUES = st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6)), min_size=1, max_size=8)


@given(VALUES, st.floats(-1e6, 1e6))
def test_a_scalar_stands_for_every_point(values: Values, number: float) -> None:
    """A series and a number: the operation on each point."""
    expected = [None if value is None else value + number for value in values]
    assert worked_out(f"a + ({number!r})", len(values), a=values) == expected


@given(VALUES, VALUES)
def test_joined_on_timestamps(one: Values, other: Values) -> None:
    """Two series: a point wherever one of them has one, the other counting as 0 there."""
    length = max(len(one), len(other))
    padded = [[*values, *[None] * (length - len(values))] for values in (one, other)]
    expected = [None if a is None and b is None else (a or 0.0) - (b or 0.0) for a, b in zip(*padded, strict=True)]
    assert worked_out("a - b", length, a=one, b=other) == expected


@given(VALUES)
def test_a_running_sum_undone(values: Values) -> None:
    """RUNNING_SUM ends with what SUM gives."""
    sums = [each for each in worked_out("RUNNING_SUM(a)", len(values), a=values) if each is not None]
    if sums:
        assert sums[-1] == pytest.approx(worked_out("SUM(a)", len(values), a=values), abs=1e-6)


@given(st.text(alphabet="ab12.+-*/^()[],<>=!&|IFSUM \"'", max_size=30))
def test_any_text_is_an_expression_or_refused(text: str) -> None:
    """No text makes anything but a result or a refusal."""
    with suppress(AwsError):
        worked_out(text, a=[1.0, 2.0], b=[0.0, None])
