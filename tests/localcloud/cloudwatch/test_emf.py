import json
from collections.abc import Callable
from typing import Any

import pytest
from aws_lambda_powertools import Metrics, single_metric
from aws_lambda_powertools.metrics import MetricResolution, MetricUnit

from localcloud.cloudwatch.data import Datum, Metric, Sample
from localcloud.cloudwatch.emf import read_line

REGION = "eu-central-1"
TIME = 1_795_253_808.0
LINE = {
    "_aws": {
        "Timestamp": TIME * 1000,
        "CloudWatchMetrics": [
            {
                "Namespace": "Shop",
                "Dimensions": [["service"], ["service", "stage"]],
                "Metrics": [{"Name": "latency", "Unit": "Milliseconds", "StorageResolution": 1}],
            }
        ],
    },
    "service": "pay",
    "stage": "dev",
    "latency": [1.5, 2.5],
    "request_id": "text that is no metric",
}


def changed(change: Callable[[Any], object]) -> str:
    line = json.loads(json.dumps(LINE))
    change(line)
    return json.dumps(line)


def test_a_line() -> None:
    """Each set of dimensions has its metric, an array all of its values (Source: EMF specification)."""
    samples = (Sample.of(1.5), Sample.of(2.5))
    assert read_line(json.dumps(LINE), REGION) == [
        Datum(Metric(REGION, "Shop", "latency", dimensions), TIME, samples, "Milliseconds", 1)
        for dimensions in ((("service", "pay"),), (("service", "pay"), ("stage", "dev")))
    ]


@pytest.mark.parametrize(
    "line",
    [
        "",
        "plain text",
        '{"message": "JSON without metrics"}',
        '{"_aws": {"CloudWatchMetrics": [',  # cut off
        '["CloudWatchMetrics"]',
        changed(lambda line: line["_aws"].pop("Timestamp")),
        changed(lambda line: line["_aws"]["CloudWatchMetrics"][0].pop("Namespace")),
        changed(lambda line: line.update(latency="slow")),
        changed(lambda line: line.update(latency=True)),
        changed(lambda line: line.update(latency=[1.0] * 101)),
        changed(lambda line: line.update(latency=[])),
        changed(lambda line: line.pop("service")),
        changed(lambda line: line["_aws"]["CloudWatchMetrics"][0]["Metrics"][0].update(StorageResolution=7)),
    ],
)
def test_other_lines(line: str) -> None:
    """A line that is not as the specification says gives nothing."""
    assert read_line(line, REGION) == []


def test_what_powertools_prints(capsys: pytest.CaptureFixture[str]) -> None:
    """What Powertools' Metrics print is read: names, units, resolutions, dimensions, several values."""
    metrics = Metrics(namespace="Freshness", service="intake")
    metrics.add_dimension(name="stage", value="dev")
    metrics.add_metric(name="accepted", unit=MetricUnit.Count, value=3)
    metrics.add_metric(name="accepted", unit=MetricUnit.Count, value=4)
    metrics.add_metric(name="delay", unit=MetricUnit.Seconds, value=0.25, resolution=MetricResolution.High)
    metrics.add_metadata(key="run", value="r-1")
    metrics.flush_metrics()
    with single_metric(name="alone", unit=MetricUnit.Percent, value=50, namespace="Freshness") as alone:
        alone.add_dimension(name="stage", value="dev")
    data = [datum for line in capsys.readouterr().out.splitlines() for datum in read_line(line, REGION)]
    both = (("service", "intake"), ("stage", "dev"))
    assert [(each.metric, each.samples, each.unit, each.resolution) for each in data] == [
        (Metric(REGION, "Freshness", "accepted", both), (Sample.of(3.0), Sample.of(4.0)), "Count", 60),
        (Metric(REGION, "Freshness", "delay", both), (Sample.of(0.25),), "Seconds", 1),
        (Metric(REGION, "Freshness", "alone", (("stage", "dev"),)), (Sample.of(50.0),), "Percent", 60),
    ]
