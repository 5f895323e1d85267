"""The alarms of pipelines."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from chalicelib.core.names import Names
from chalicelib.core.spec import PipelineSpec
from chalicelib.pipelines import PIPELINES
from infra import alarms
from infra.resources import resolve
from localcloud.cloudwatch.alarm import read_alarm
from localcloud.cloudwatch.evaluation import ALARM, OK, Rule, decide

SPEC = PIPELINES["reviews"]


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


@pytest.mark.parametrize(("kind", "metric"), [("drift", "DriftConfirmed"), ("quality", "QualityWorse")])
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
