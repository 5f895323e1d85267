import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from datetime import UTC, datetime
from typing import Any

import pytest

from localcloud.clock import Clock
from localcloud.errors import AwsError
from localcloud.sagemaker.background import Background
from localcloud.sagemaker.fleet import Instance, Lease, Variant
from localcloud.sagemaker.invocation_metrics import Invocation, InvocationMetrics, values_of
from tests.localcloud.sagemaker.clouds import REGION, Cloud
from tests.localcloud.sagemaker.endpoint_steps import in_service, wait_until

NOW = datetime(2030, 1, 1, tzinfo=UTC)


def invocation(status: int = 200, instances: int = 1, model: float = 0.25, total: float = 0.5) -> Invocation:
    return Invocation("us-east-1", "e", "v", "c", instances=instances, status=status, model=model, total=total, at=NOW)


@pytest.mark.parametrize(
    ("status", "client", "server", "model"), [(200, 0, 0, 0), (404, 1, 0, 1), (500, 0, 1, 1), (0, 0, 0, 1)]
)
def test_errors_are_ones_and_successes_zeros(status: int, client: int, server: int, model: int) -> None:
    """1 for each 4xx, 5xx or failed answer of the model, 0 otherwise (developer guide, monitoring-cloudwatch)."""
    found = {name: value for name, value, _ in values_of(invocation(status))}
    errors = [found[f"Invocation{kind}"] for kind in ("4XXErrors", "5XXErrors", "ModelErrors")]
    assert (found["Invocations"], errors) == (1, [client, server, model])


def test_latencies_are_microseconds_and_invocations_shared_by_instances() -> None:
    """Overhead is the total without the model's time; each instance has its part (monitoring-cloudwatch)."""
    found = {name: (value, unit) for name, value, unit in values_of(invocation(instances=4))}
    assert found["InvocationsPerInstance"] == (0.25, "None")
    assert found["ModelLatency"] == (250_000, "Microseconds")
    assert found["OverheadLatency"] == (250_000, "Microseconds")


def of(cloud: Cloud, name: str, *dimensions: str) -> list[Any]:
    return [value[3] for value in cloud.recorded if value[1] == name and sorted(value[2]) == sorted(dimensions)]


def test_invocations_become_metrics(cloud: Cloud) -> None:
    """Each is recorded for endpoint and variant, and with the config's name (developer guide, guardrails)."""
    in_service(cloud)
    cloud.invoke(b"x")
    with pytest.raises(AwsError):
        cloud.invoke(b"status 503")
    wait_until(lambda: len(cloud.recorded) == 28)
    for more in ((), ("EndpointConfigName",)):
        dimensions = ("EndpointName", "VariantName", *more)
        assert of(cloud, "Invocations", *dimensions) == [1, 1]
        assert of(cloud, "Invocation5XXErrors", *dimensions) == [0, 1]
        assert all(value > 0 for value in of(cloud, "ModelLatency", *dimensions))
    namespace, _, dimensions, _, _, at, region = cloud.recorded[-1]
    assert (namespace, at.tzinfo, region) == ("AWS/SageMaker", UTC, REGION)
    assert dimensions == {"EndpointName": "e", "VariantName": "all", "EndpointConfigName": "v1"}


def test_what_reaches_no_model_is_no_invocation(make_cloud: Callable[..., Cloud]) -> None:
    """A request that is refused before a model is asked counts nowhere; what was noted is recorded at the stop."""
    cloud = make_cloud(delays={"invocation_metrics": 60.0})
    in_service(cloud)
    for endpoint in ("e", "nobody"):
        with suppress(AwsError):
            cloud.invoke(b"x", endpoint, X_Amzn_SageMaker_Target_Variant="nobody")
    cloud.invoke(b"x")
    assert cloud.recorded == []
    cloud.sagemaker.stop()
    assert of(cloud, "Invocations", "EndpointName", "VariantName") == [1]


def test_a_recorder_that_fails_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """What cannot be recorded is logged and lost; the next invocation is recorded."""
    recorded: list[str] = []

    def record(*value: Any, region: str | None = None) -> None:
        assert region == "us-east-1"
        if value[2]["EndpointName"] == "broken":
            raise OSError("the disk is full")
        recorded.append(value[2]["EndpointName"])

    metrics = InvocationMetrics(record, Background(Clock()), 60.0, lambda: 0.0, transaction=nullcontext)
    lease = Lease(Variant("v", 1.0, (Instance(None),)), Instance(None), None, "c")  # type: ignore[arg-type]
    for endpoint in ("broken", "e"):
        with metrics.measured("us-east-1", endpoint, lease, NOW, 0.0):
            pass
    with caplog.at_level(logging.ERROR):
        metrics.flush()
    assert set(recorded) == {"e"}
    assert "metrics_not_recorded endpoint=broken" in caplog.text


def test_many_invocations_cost_few_commits() -> None:
    """What waits is recorded in a few transactions, and not each value of each invocation in its own."""
    commits: list[None] = []

    @contextmanager
    def transaction() -> Iterator[None]:
        yield
        commits.append(None)

    recorded: list[Any] = []
    metrics = InvocationMetrics(
        lambda *value, region=None: recorded.append((*value, region)),
        Background(Clock()),
        60.0,
        lambda: 0.0,
        transaction=transaction,
    )
    lease = Lease(Variant("v", 1.0, (Instance(None),)), Instance(None), None, "c")  # type: ignore[arg-type]
    for _ in range(100):
        with metrics.measured(REGION, "e", lease, NOW, 0.0):
            pass
    metrics.flush()
    assert (len(recorded), len(commits)) == (1400, 2)
