"""How many requests of a window must have been captured, by what CloudWatch counted of its endpoint's invocations.

A job sees only the files that have come: half of a window whose other half is late looks whole. CloudWatch counts
apart from Data Capture, so what it counted is what a check's coverage is measured by. Every doubt is settled towards
fewer requests, since the answer is a floor: an invocation that failed is not awaited (whether AWS captures it is not
documented; if it does, the job counts it itself), of a sample no more than chance is sure to leave, and of the window
only whole periods are counted.

The price: what was asked in the parts of periods at both ends of a window may be missing without notice, a minute
each while CloudWatch keeps minutes, and an hour each of a window of two months ago. Where a roll-out changed how much
is captured, the whole window is taken for captured as the endpoint captures now: after a rise it may not be judged.
"""

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from chalicelib.core.facts import Traffic

# CloudWatch keeps minutes for 15 days, five minutes for 63 days and hours for 455 (API Reference, GetMetricData), and
# gives nothing for a shorter period than it keeps at the window's begin; a day of margin, since its clock decides.
_KEPT = ((timedelta(days=14), 60), (timedelta(days=62), 300))
_LONGEST = 3600  # seconds
_DEVIATIONS = 3  # by which a sample may be smaller than its mean before a file is missed
_ALL = 100  # percent


@dataclass(frozen=True)
class Span:
    """The part of a window that consists of whole periods: ``start`` and ``end`` (UTC) lie on their bounds.

    ``period`` is in seconds.
    """

    start: datetime
    end: datetime
    period: int


def countable(start: datetime, end: datetime, now: datetime) -> Span | None:
    """Return the whole periods inside a window, as short as CloudWatch still keeps them; None if there are none."""
    period = next((seconds for kept, seconds in _KEPT if now - start < kept), _LONGEST)
    first, last = math.ceil(start.timestamp() / period), math.floor(end.timestamp() / period)
    if first >= last:
        return None
    return Span(datetime.fromtimestamp(first * period, UTC), datetime.fromtimestamp(last * period, UTC), period)


def least_captured(traffic: Traffic | None, percent: int | None) -> int | None:
    """Return how many requests were captured at least; None if CloudWatch has no figure, or nothing is captured.

    Each request that was answered is drawn by itself, so their number is binomial: of a sample it is the mean less
    three standard deviations, and at 100 percent the number itself.

    Parameters
    ----------
    traffic
        What CloudWatch counted.
    percent
        How many requests of a hundred are captured, from 0 to 100.
    """
    if traffic is None or not percent:
        return None
    answered = max(0, traffic.invocations - traffic.failed)
    if percent == _ALL:
        return answered
    share = percent / _ALL
    deviation = math.sqrt(answered * share * (1 - share))
    return max(0, math.floor(answered * share - _DEVIATIONS * deviation))
