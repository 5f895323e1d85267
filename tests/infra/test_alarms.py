"""The alarms of pipelines."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from chalicelib.core.names import Names
from chalicelib.core.schedules import parse
from chalicelib.core.spec import PipelineSpec
from chalicelib.pipelines import PIPELINES
from infra import alarms
from infra.errors import TemplateError
from infra.resources import resolve
from localcloud.cloudwatch.alarm import read_alarm
from localcloud.cloudwatch.evaluation import ALARM, OK, Rule, decide

SPEC = PIPELINES["reviews"]


@dataclass(frozen=True)
class Drift:
    schedule: str


def with_schedule(schedule: str) -> PipelineSpec:
    """Give a spec that says how often drift is looked for."""
    spec = replace(SPEC)
    object.__setattr__(spec, "drift", Drift(schedule))
    return spec


def properties(kind: str, spec: PipelineSpec = SPEC) -> dict[str, Any]:
    (found,) = [
        item["Properties"]
        for name, item in alarms.alarms({spec.name: spec}).items()
        if name.startswith(kind.capitalize())
    ]
    return cast("dict[str, Any]", found)


def as_read() -> Rule:
    """Give the drift alarm's rule as the local cloud understands it."""
    request = resolve(properties("drift"), {"Stage": "dev"})
    return read_alarm(request, "eu-central-1", datetime(2026, 11, 12, tzinfo=UTC)).rule


@pytest.mark.parametrize(("kind", "metric"), [("drift", "Drift"), ("quality", "QualityWorse")])
def test_what_is_watched(kind: str, metric: str) -> None:
    """An alarm has the name that the application reads back, and watches the figure that the application puts."""
    alarm = resolve(properties(kind), {"Stage": "dev"})
    parsed = Names("dev").parse_alarm(alarm["AlarmName"])
    assert parsed is not None
    assert (parsed.pipeline, parsed.kind) == ("reviews", kind)
    assert (alarm["Namespace"], alarm["MetricName"]) == ("Freshet", metric)
    assert alarm["Dimensions"] == [{"Name": "Stage", "Value": "dev"}, {"Name": "Pipeline", "Value": "reviews"}]


def test_logical_names() -> None:
    """Logical names are letters and digits, and no two pipelines share one."""
    specs = {name: replace(SPEC, name=name) for name in ("a-1", "a1", "ax1", "a-x1")}
    made = alarms.alarms(specs)
    assert len(made) == 8
    assert all(name.isalnum() for name in made)


@pytest.mark.parametrize(
    ("schedule", "period"),
    [
        ("rate(5 minutes)", 300),
        ("rate(1 hour)", 3600),
        ("rate(7 days)", 604_800),
        ("rate(30 days)", 604_800),
        ("cron(0 3 * * ? *)", 86_400),
        ("cron(0 3 ? * MON-FRI *)", 86_400),
        ("cron(0 3 ? * MON *)", 604_800),
        ("cron(0 0 1 * ? *)", 604_800),
        ("cron(0/30 8-17 * * ? *)", 1800),
    ],
)
def test_period(schedule: str, period: int) -> None:
    """A point counts until the next check could come, and never longer than CloudWatch looks back."""
    assert alarms.period_of(parse(schedule)) == period


def test_default() -> None:
    """Without a word on drift, a check a day is expected, and one is enough."""
    assert alarms.drift_alarm(SPEC) == (86_400, 1, 1)
    assert alarms.drift_alarm(with_schedule("rate(1 hour)")) == (3600, 1, 1)


@pytest.mark.parametrize(("rule", "refused"), [((86_400, 3, 7), False), ((86_400, 3, 8), True), ((60, 9, 1441), True)])
def test_looks_back(rule: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch, *, refused: bool) -> None:
    """An alarm that would look back further than CloudWatch does is refused when it is packaged."""
    monkeypatch.setattr(alarms, "drift_alarm", lambda _: rule)
    if refused:
        with pytest.raises(TemplateError, match="'reviews': CloudWatch looks back"):
            properties("drift")
    else:
        alarm = properties("drift")
        assert (alarm["Period"], alarm["DatapointsToAlarm"], alarm["EvaluationPeriods"]) == rule


@pytest.mark.parametrize(
    ("points", "state"),
    [
        ([None, None, 1.0], ALARM),
        ([None, None, 0.0], OK),
        ([None, 1.0, None], ALARM),
        ([None, None, None], None),
        ([1.0, 0.0, None], OK),
    ],
)
def test_missing_data(points: list[float | None], state: str | None) -> None:
    """The newest point there is decides; where there is none, an alarm stays as it is (None)."""
    verdict = decide(list(enumerate(points)), as_read())
    assert (verdict.state if verdict else None) == state


@pytest.mark.parametrize("lone", [[None, None, 1.0, None, None], [None, 1.0, None, None, None]])
def test_one_point_of_three(lone: list[float | None], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where several checks must agree, one and silence are no alarm."""
    monkeypatch.setattr(alarms, "drift_alarm", lambda _: (86_400, 2, 3))
    assert decide(list(enumerate(lone)), as_read()) is None
