"""Why an alarm has its state, in AWS's words, as text and as JSON; pure.

The words are those of AWS's sample events (CloudWatch User Guide, "Alarm events and EventBridge") and of alarms that
users show; "the last 1 datapoints" stands there too.
"""

import json
from datetime import UTC, datetime

from localcloud.cloudwatch.evaluation import ALARM, COMPARISONS, INSUFFICIENT_DATA, Rule, Verdict

INITIAL = "Unchecked: Initial alarm creation"
_TREATED = {"breaching": "Breaching", "notBreaching": "NonBreaching", "missing": "Missing", "ignore": "Ignored"}


def stamp(time: datetime) -> str:
    """Write a time as alarms do: milliseconds, and the zone without a colon."""
    time = time.astimezone(UTC)
    return f"{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03}+0000"


def reason(verdict: Verdict, rule: Rule) -> str:
    """Say why a verdict is what it is."""
    if verdict.state == INSUFFICIENT_DATA:
        return f"Insufficient Data: {_counted(verdict.filled)} {_were(verdict.filled)} unknown."
    filled = f"{verdict.filled} missing {_points(verdict.filled)} {_were(verdict.filled)} treated as"
    treated = f" and {filled} [{_TREATED[rule.missing]}]" if verdict.filled else ""
    if not verdict.points:
        periods = f"{rule.periods} period{'s' if rule.periods > 1 else ''}"
        return f"Threshold Crossed: no datapoints were received for {periods}{treated}."
    raised = verdict.state == ALARM
    named = [point for point in reversed(verdict.points) if rule.breaches(point[1]) == raised]
    comparison = f"{'' if raised else 'not '}{COMPARISONS[rule.comparison][1]} the threshold ({rule.threshold!r})"
    said = f"[{', '.join(map(_point, named))}] {_were(len(named))} {comparison}"
    if verdict.filled:
        return f"Threshold Crossed: {_counted(len(named))} {said}{treated}."
    needed = rule.datapoints if raised else rule.periods - rule.datapoints + 1
    change = "OK -> ALARM" if raised else "ALARM -> OK"
    return (
        f"Threshold Crossed: {len(named)} out of the last {len(verdict.points)} datapoints {said}"
        f" (minimum {_counted(needed)} for {change} transition)."
    )


def reason_data(verdict: Verdict, rule: Rule, *, stat: str | None, unit: str | None, period: int, now: datetime) -> str:
    """Say the same as JSON; ``stat`` is None for an alarm on an expression."""
    points = verdict.points
    start = {"startDate": stamp(datetime.fromtimestamp(points[0][0], UTC))} if points else {}
    return json.dumps(
        {
            "version": "1.0",
            "queryDate": stamp(now),
            **start,
            **({"unit": unit} if unit else {}),
            **({"statistic": stat} if stat else {}),
            "period": period,
            "recentDatapoints": [value for _, value in points],
            "threshold": rule.threshold,
            "evaluatedDatapoints": [
                {"timestamp": stamp(datetime.fromtimestamp(time, UTC)), "value": value}
                for time, value in reversed(points)
            ],
        },
        separators=(",", ":"),
    )


def _point(point: tuple[int, float]) -> str:
    return f"{point[1]!r} ({datetime.fromtimestamp(point[0], UTC):%d/%m/%y %H:%M:%S})"


def _counted(count: int) -> str:
    return f"{count} {_points(count)}"


def _points(count: int) -> str:
    return "datapoint" if count == 1 else "datapoints"


def _were(count: int) -> str:
    return "was" if count == 1 else "were"
