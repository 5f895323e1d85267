"""How long a virtual week takes: an hourly schedule with a function, five alarms by the minute, states that change.

    python -m benchmarks.virtual_week [hours]

Each alarm is evaluated every minute, 50,400 times in a week, on a value a minute that is put hour by hour and breaches
every other hour; the schedule's function really runs each hour. Prints the seconds (bar: 60), and stops if the states
did not change, or the function did not run, as often as they must.
"""

import json
import sys
import tempfile
import time
from contextlib import closing
from datetime import datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import boto3

from localcloud.cloud import Cloud
from localcloud.settings import Settings

ALARMS, WEEK = 5, 168
APP = """
from chalice import Chalice, Rate
app = Chalice(app_name="week")

@app.schedule(Rate(1, unit=Rate.HOURS))
def hourly(event):
    return {}
"""


def clock(cloud: Cloud, seconds: float = 0.0) -> datetime:
    """Let time pass; the new time."""
    with closing(HTTPConnection("127.0.0.1", cloud.port, timeout=600)) as connection:
        connection.request("POST", "/_localcloud/clock", json.dumps({"advance": seconds}))
        return datetime.fromisoformat(json.loads(connection.getresponse().read())["now"])


def put_alarms(cloudwatch: Any) -> None:  # noqa: ANN401  boto3 has no types of its own
    """Put alarms of two out of three minutes."""
    for number in range(ALARMS):
        cloudwatch.put_metric_alarm(
            AlarmName=f"alarm-{number}",
            Namespace="Week",
            MetricName=f"metric-{number}",
            Statistic="Average",
            Period=60,
            EvaluationPeriods=3,
            DatapointsToAlarm=2,
            Threshold=5.0,
            ComparisonOperator="GreaterThanThreshold",
            TreatMissingData="notBreaching",
        )


def put_hour(cloudwatch: Any, begun: datetime, value: float) -> None:  # noqa: ANN401  as above
    """Put a value for each minute of the hour to come."""
    data = [
        {"MetricName": f"metric-{number}", "Value": value, "Timestamp": begun + timedelta(minutes=minute)}
        for number in range(ALARMS)
        for minute in range(60)
    ]
    cloudwatch.put_metric_data(Namespace="Week", MetricData=data)


def main() -> None:
    """Measure."""
    hours = int(sys.argv[1]) if len(sys.argv) > 1 else WEEK
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "app.py").write_text(APP)
        state = Path(folder) / "state"
        settings = Settings(state, port=0, app="app:app", app_dir=Path(folder), virtual_clock=True)
        with Cloud(settings) as cloud:
            cloudwatch = boto3.client(
                "cloudwatch",
                endpoint_url=cloud.endpoint_url,
                region_name="us-east-1",
                aws_access_key_id="local",
                aws_secret_access_key="local",  # noqa: S106  no secret: the cloud takes any
            )
            put_alarms(cloudwatch)
            begun = time.perf_counter()
            for hour in range(hours):
                put_hour(cloudwatch, clock(cloud), 10.0 * (hour % 2))
                clock(cloud, 3600)
            took = time.perf_counter() - begun
            pages = cloudwatch.get_paginator("describe_alarm_history").paginate(HistoryItemType="StateUpdate")
            changes = sum(len(page["AlarmHistoryItems"]) for page in pages)
        history = map(json.loads, (state / "logs" / "history.jsonl").read_text().splitlines())
        ran = sum(line["kind"] == "invoke" and line["status"] == "ok" for line in history)
    assert changes == ALARMS * hours, changes
    assert hours - 1 <= ran <= hours + 1, ran
    print(f"{hours} hours: {took:.1f} s (bar for a week: 60 s)")
    print(f"  {ALARMS * hours * 60} evaluations, {changes} changes of state, {ran} runs of the hourly function")


if __name__ == "__main__":
    main()
