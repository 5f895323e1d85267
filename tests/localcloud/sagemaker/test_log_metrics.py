from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from localcloud.errors import AwsError
from localcloud.sagemaker.log_metrics import LogMetrics
from tests.localcloud.sagemaker.clouds import Cloud

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
LOSS = {"Name": "loss", "Regex": "loss=([-+0-9.e]+|nan)"}


def values(metrics: LogMetrics) -> dict[str, float]:
    return {entry["MetricName"]: entry["Value"] for entry in metrics.final()}


@pytest.mark.parametrize(
    ("regex", "text", "value"),
    [
        ("loss=([0-9.]+);", "loss=3.5;\nloss=0.25;\n", 0.25),
        ("loss=([0-9.]+);", "loss=1.0; loss=2.0;\n", 2.0),
        ("loss=(-?[0-9.e-]+)", "loss=-1e-3", -0.001),
        ("[0-9]+", "epoch 7\n", 7.0),
        ("loss=(.*)", "loss=much\n", None),
        ("loss=(.*)", "loss=nan\n", None),
        ("loss=(.*)", "gain=1\n", None),
        ("(a)?loss=1", "loss=1\n", None),
    ],
)
def test_the_last_number_of_a_log_is_the_metric(tmp_path: Path, regex: str, text: str, value: float | None) -> None:
    """SageMaker API Reference, MetricDefinition and FinalMetricDataList: a regex over the output; its last value."""
    log = tmp_path / "log"
    metrics = LogMetrics([{"Name": "m", "Regex": regex}], [log], lambda: NOON)
    log.write_text(text)
    metrics.look(last=True)
    expected = [] if value is None else [{"MetricName": "m", "Value": value, "Timestamp": NOON}]
    assert metrics.final() == expected


def test_lines_are_read_once_and_whole(tmp_path: Path) -> None:
    """A line that is still being written waits for its end, and what an earlier run of the log says is not read."""
    log = tmp_path / "log"
    log.write_text("loss=9\n")
    metrics = LogMetrics([LOSS], [log], lambda: NOON)
    for piece, found in (("", {}), ("loss=1", {}), ("2\nloss=3", {"loss": 12.0})):
        with log.open("a") as file:
            file.write(piece)
        metrics.look()
        assert values(metrics) == found
    metrics.look(last=True)
    assert values(metrics) == {"loss": 3.0}


def algorithm(*definitions: dict[str, str]) -> dict[str, Any]:
    return {"TrainingImage": "job", "TrainingInputMode": "File", "MetricDefinitions": list(definitions)}


@pytest.mark.parametrize(("more", "state"), [({}, "Completed"), ({"failure": "x", "code": "1"}, "Failed")])
def test_describe_tells_the_final_metrics(cloud: Cloud, more: dict[str, str], state: str) -> None:
    """SageMaker API Reference, DescribeTrainingJob: FinalMetricDataList has name, value and time, also of a failure."""
    other = {"Name": "never", "Regex": "never=(.*)"}
    cloud.train("j", {"print": "loss=0.5; loss=0.125;", **more}, AlgorithmSpecification=algorithm(LOSS, other))
    cloud.wait("j", state)
    told = cloud.call("DescribeTrainingJob", TrainingJobName="j")
    (metric,) = told["FinalMetricDataList"]
    assert (metric["MetricName"], metric["Value"]) == ("loss", 0.125)
    assert told["TrainingStartTime"] <= metric["Timestamp"]
    assert told["AlgorithmSpecification"]["MetricDefinitions"] == [LOSS, other]


def test_a_regex_that_does_not_compile_is_refused(cloud: Cloud) -> None:
    """SageMaker API Reference, MetricDefinition: Regex is a regular expression; ours: what is none makes no job."""
    with pytest.raises(AwsError, match="Invalid regular expression in the metric definition loss") as refused:
        cloud.train("j", AlgorithmSpecification=algorithm({"Name": "loss", "Regex": "loss=("}))
    assert refused.value.code == "ValidationException"
    assert cloud.call("ListTrainingJobs") == {"TrainingJobSummaries": []}
