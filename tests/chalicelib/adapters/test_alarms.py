"""What CloudWatch says of alarms, on the account in memory and on the local cloud alike."""

from datetime import UTC, datetime

import pytest

from chalicelib.adapters.alarms import CloudWatchAlarms
from chalicelib.core.errors import DeniedError
from tests.chalicelib.adapters.sides import Side
from tests.chalicelib.aws.refusals import refused
from tests.chalicelib.aws.world import World
from tests.chalicelib.reliability.faults import Strike

STATES = {"freshet-dev-a-drift": "ALARM", "freshet-dev-b-drift": "OK", "freshet-dev-c-drift": "INSUFFICIENT_DATA"}


@pytest.fixture
def alarms(side: Side) -> CloudWatchAlarms:
    """Make alarms in known states, and one more."""
    watch = side.client("cloudwatch")
    for name, state in {**STATES, "freshet-dev-other": "ALARM"}.items():
        watch.put_metric_alarm(
            AlarmName=name,
            Namespace="Freshet",
            MetricName="Nothing",
            Statistic="Maximum",
            Period=86_400,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanOrEqualToThreshold",
            TreatMissingData="ignore",
        )
        watch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="as told")
    return CloudWatchAlarms()


def test_states(alarms: CloudWatchAlarms) -> None:
    """Alarms are told by name, over several pages, with what they are and why; those that do not exist are left out."""
    found = alarms.states([*STATES, "freshet-dev-nobody-drift"])
    assert {name: alarm.state for name, alarm in found.items()} == STATES
    told = found["freshet-dev-a-drift"]
    assert (told.name, told.reason) == ("freshet-dev-a-drift", "as told")
    assert told.changed.tzinfo is not None
    assert told.changed <= datetime.now(UTC)


def test_many(alarms: CloudWatchAlarms) -> None:
    """More names than one call takes are asked for in several."""
    found = alarms.states([f"freshet-dev-p{number}-drift" for number in range(150)] + list(STATES))
    assert set(found) == set(STATES)


def test_none(alarms: CloudWatchAlarms) -> None:
    """To ask for nothing finds nothing, not every alarm of the account."""
    assert alarms.states([]) == {}


def test_same_state_again(world: World) -> None:
    """The time of an alarm is that of its state, not that of another reason for it."""
    world.account.watch.set_alarm("freshet-dev-a-drift", "ALARM", "1 datapoint")
    before = CloudWatchAlarms().states(["freshet-dev-a-drift"])["freshet-dev-a-drift"]
    world.account.advance(3600)
    world.account.watch.set_alarm("freshet-dev-a-drift", "ALARM", "2 datapoints")
    after = CloudWatchAlarms().states(["freshet-dev-a-drift"])["freshet-dev-a-drift"]
    assert (after.changed, after.reason) == (before.changed, "2 datapoints")


def test_not_told(world: World) -> None:
    """A missing permission is ours to name."""
    message = "User: arn is not authorized to perform: cloudwatch:DescribeAlarms on resource: arn"
    world.account.fault = Strike("describe_alarms", refused("AccessDenied", 403, message))
    with pytest.raises(DeniedError, match="the role lacks cloudwatch:DescribeAlarms"):
        CloudWatchAlarms().states(["freshet-dev-a-drift"])
