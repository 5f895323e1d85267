"""What the application says of itself: figures to CloudWatch, and notices to people, by SNS."""

from datetime import datetime
from math import isfinite

from chalicelib.adapters.calls import translated
from chalicelib.adapters.clients import client
from chalicelib.core.actions import Publish, PutMetrics
from chalicelib.core.names import METRICS_NAMESPACE
from chalicelib.core.stage import Stage

_MOST_A_CALL = 1000
_LARGEST = 2.0**360  # CloudWatch API Reference, MetricDatum


def put_metrics(stage: Stage, pipeline: str, action: PutMetrics) -> None:
    """Put the figures, by the dimensions Stage and Pipeline; one that CloudWatch has no number for is left out.

    Raises
    ------
    CallError
        If CloudWatch did not take them; those of an earlier call of a thousand were taken.
    """
    dimensions = [{"Name": "Stage", "Value": stage.name}, {"Name": "Pipeline", "Value": pipeline}]
    data = [
        {"MetricName": name, "Dimensions": dimensions, "Timestamp": datetime.fromisoformat(action.at), "Value": value}
        for name, value in action.metrics.items()
        if isfinite(value) and abs(value) <= _LARGEST
    ]
    for start in range(0, len(data), _MOST_A_CALL):
        with translated("PutMetricData"):
            client("cloudwatch").put_metric_data(
                Namespace=METRICS_NAMESPACE, MetricData=data[start : start + _MOST_A_CALL]
            )


def publish(stage: Stage, action: Publish) -> None:
    """Publish a notice on the stage's topic.

    Raises
    ------
    CallError
        If SNS did not take it.
    """
    with translated("Publish"):
        client("sns").publish(TopicArn=stage.topic_arn, Subject=action.subject, Message=action.message)
