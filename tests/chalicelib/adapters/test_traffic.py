"""What CloudWatch says of an endpoint's invocations, on the account in memory and on the local cloud alike."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.adapters.traffic import CloudWatchTraffic
from chalicelib.core.errors import CallError, DeniedError, UnavailableError
from chalicelib.core.facts import Traffic
from chalicelib.core.traffic import Span
from tests.chalicelib.adapters.sides import Side
from tests.chalicelib.aws.refusals import refused
from tests.chalicelib.aws.world import World
from tests.chalicelib.reliability.faults import Strike

MINUTE = timedelta(minutes=1)
END = datetime.now(UTC).replace(second=0, microsecond=0)
SPAN = Span(END - 5 * MINUTE, END, 60)


def put(side: Side, endpoint: str, at: datetime, *, variant: str = "v", **figures: float) -> None:
    """Put figures of a variant at a time, as SageMaker does."""
    dimensions = [{"Name": "EndpointName", "Value": endpoint}, {"Name": "VariantName", "Value": variant}]
    data = [
        {"MetricName": name, "Dimensions": dimensions, "Timestamp": at, "Value": value}
        for name, value in figures.items()
    ]
    side.client("cloudwatch").put_metric_data(Namespace="AWS/SageMaker", MetricData=data)


def test_count(side: Side, own: str) -> None:
    """All that was asked of the variant within the span is counted, over its periods, and what failed beside it."""
    for at, times in ((SPAN.start - MINUTE, 100), (SPAN.start, 1), (SPAN.start, 2), (END - MINUTE, 4), (END, 100)):
        put(side, own, at, Invocations=times, InvocationModelErrors=times // 2)
    put(side, own, SPAN.start, variant="another", Invocations=100)
    assert CloudWatchTraffic().count(own, "v", SPAN) == Traffic(7, 3)


def test_no_figure(side: Side, own: str) -> None:
    """What CloudWatch knows nothing of is not 0."""
    put(side, own, SPAN.start - MINUTE, Invocations=1)
    assert CloudWatchTraffic().count(own, "v", SPAN) is None


def test_nothing_failed(side: Side, own: str) -> None:
    """Where there is no figure of what failed, nothing did; one of 0 invocations is a figure."""
    put(side, own, SPAN.start, Invocations=0)
    assert CloudWatchTraffic().count(own, "v", SPAN) == Traffic(0, 0)


def test_not_told(world: World) -> None:
    """A missing permission is ours to name."""
    message = "User: arn is not authorized to perform: cloudwatch:GetMetricData because no policy allows it"
    world.account.fault = Strike("get_metric_data", refused("AccessDenied", 403, message))
    with pytest.raises(DeniedError, match="the role lacks cloudwatch:GetMetricData"):
        CloudWatchTraffic().count("e", "v", SPAN)


@pytest.mark.parametrize(
    ("states", "raised"),
    [
        (["PartialData", "Complete"], None),
        (["InternalError", "Complete"], None),
        (["Complete", "PartialData"], UnavailableError),
        (["InternalError"], UnavailableError),
        (["Forbidden"], DeniedError),
    ],
)
def test_a_part_is_no_count(
    world: World, monkeypatch: pytest.MonkeyPatch, states: list[str], raised: type[CallError] | None
) -> None:
    """Pages of one query add up; what its last page does not complete is not told as a count."""

    def pages(**_: Any) -> list[dict[str, Any]]:
        return [
            {"MetricDataResults": [{"Id": "invocations", "StatusCode": state, "Values": [2.0]}]} for state in states
        ]

    monkeypatch.setattr(world.account.watch, "get_metric_data_pages", pages)
    if raised is None:
        assert CloudWatchTraffic().count("e", "v", SPAN) == Traffic(4)
    else:
        with pytest.raises(raised, match=f"GetMetricData answered {states[-1]}"):
            CloudWatchTraffic().count("e", "v", SPAN)
