import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from localcloud.clock import Clock
from localcloud.cloudwatch import CloudWatch
from localcloud.database import Database
from localcloud.settings import Settings
from localcloud.targets import Targets


@pytest.fixture
def service(tmp_path: Path, database: Database) -> CloudWatch:
    settings = Settings(state=tmp_path)
    return CloudWatch(settings, database=database, clock=Clock(), publish=lambda **_: None, targets=Targets())


def stored(database: Database) -> list[tuple[Any, ...]]:
    sql = "SELECT region, namespace, name, dimensions, minimum, unit FROM cloudwatch_metrics JOIN cloudwatch_samples"
    return list(database.rows(f"{sql} ON id = metric ORDER BY name"))


def test_record(service: CloudWatch, database: Database) -> None:
    """A service's own metric is stored like one that was put, in the application's region if none is named."""
    service.record("AWS/SageMaker", "Invocations", {"VariantName": "v", "EndpointName": "e"}, 1.0, "Count")
    service.record("AWS/SageMaker", "Latency", {}, 2.0, time=datetime.now(UTC), region="eu-west-1")
    dimensions = json.dumps([["EndpointName", "e"], ["VariantName", "v"]])
    assert stored(database) == [
        ("us-east-1", "AWS/SageMaker", "Invocations", dimensions, 1.0, "Count"),
        ("eu-west-1", "AWS/SageMaker", "Latency", "[]", 2.0, "None"),
    ]


@pytest.mark.parametrize(("age", "taken"), [(timedelta(), 1), (timedelta(days=15), 0), (timedelta(hours=-3), 0)])
def test_ingest(service: CloudWatch, database: Database, age: timedelta, taken: int) -> None:
    """A line in Embedded Metric Format becomes metrics, if its time is one that PutMetricData would take."""
    time = int((datetime.now(UTC) - age).timestamp() * 1000)
    directive = {"Namespace": "n", "Dimensions": [[]], "Metrics": [{"Name": "m"}]}
    assert service.ingest(json.dumps({"_aws": {"Timestamp": time, "CloudWatchMetrics": [directive]}, "m": 4})) == taken
    assert len(stored(database)) == taken
    assert service.ingest("a line of text") == 0
