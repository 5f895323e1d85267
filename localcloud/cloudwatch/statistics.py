"""Statistics of a metric: which there are, and how each is made of samples.

A percentile is the smallest value that at least that share of the samples do not exceed; the method is ours, since AWS
does not say its own. There is none where a sample is a set of different values, or negative (Source: CloudWatch API
Reference, GetMetricStatistics).
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from localcloud.cloudwatch.data import Metric, Sample
from localcloud.emulated import refusal
from localcloud.errors import AwsError

_PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d{1,10})?|100)")
_OTHER = re.compile(r"(tm|tc|ts|wm)\d.*|(PR|TM|TC|TS|WM)\(.*\)|IQM")
_SLACK = 1e-9  # a rank that is whole but for rounding is that rank

SIMPLE: Mapping[str, Callable[[Sample], float]] = {
    "SampleCount": lambda sample: sample.count,
    "Average": lambda sample: sample.total / sample.count,
    "Sum": lambda sample: sample.total,
    "Minimum": lambda sample: sample.minimum,
    "Maximum": lambda sample: sample.maximum,
}


@dataclass(frozen=True)
class Stat:
    """One statistic by AWS's name; ``percentile`` in per cent, where it is one."""

    name: str
    percentile: float | None = None


@dataclass(frozen=True)
class Reading:
    """A statistic of a metric for each ``period``, in seconds; of one unit or of all."""

    metric: Metric
    stat: Stat
    period: int
    unit: str | None = None


def read_stat(name: str, *, code: str = "ValidationError") -> Stat:
    """Read the name of a statistic; raises AwsError with ``code`` for what is none, or not emulated."""
    if name in SIMPLE:
        return Stat(name)
    if found := _PERCENTILE.fullmatch(name):
        return Stat(name, float(found[1]))
    if _OTHER.fullmatch(name):
        raise refusal(f"the statistic {name}", "ValidationError")
    raise AwsError(code, f"The statistic {name} is not valid.")


def percentile_of(samples: Iterable[Sample], percentile: float) -> float | None:
    """Give the percentile of samples, or None where there is none."""
    ordered = sorted(samples, key=lambda sample: sample.minimum)
    if not ordered or any(sample.minimum != sample.maximum or sample.minimum < 0 for sample in ordered):
        return None
    rank = percentile / 100 * sum(sample.count for sample in ordered) - _SLACK
    seen = 0.0
    for sample in ordered:
        seen += sample.count
        if seen >= rank:
            return sample.minimum
    return ordered[-1].minimum
