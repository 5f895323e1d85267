"""What is told of a tuning job and its training jobs: counters, objectives, the best job. Pure: rows in, members out.

Nothing of it is kept: the rows of the training jobs have it all. A job that early stopping ended has an objective as
well if it printed one, but only a Completed job is the best one.
"""

import math
import struct
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from localcloud.sagemaker.resource_kinds import TERMINAL
from localcloud.sagemaker.store import Data
from localcloud.sagemaker.tuning_search import Trial

OBJECTIVE_PARAMETER = "_tuning_objective_metric"
_MAGNITUDE = (1 << 63) - 1  # the bits of a double without its sign
_COUNTED = {
    "InProgress": "InProgress",
    "Stopping": "InProgress",
    "Completed": "Completed",
    "Failed": "NonRetryableError",
    "Stopped": "Stopped",
}
_IMPROVEMENT = 0.01  # of the best objective so far (service model: "by 1% or greater")
_SMALLEST = 1e-12  # a gain of nothing is none, also where the best objective is 0


def living(child: Data) -> bool:
    """Say whether a training job has not ended."""
    return child["TrainingJobStatus"] not in TERMINAL


def statuses(children: Iterable[Data]) -> Counter[str]:
    """Count the training jobs in each status."""
    return Counter(child["TrainingJobStatus"] for child in children)


def objective(tuning: Data, child: Data) -> float | None:
    """Return the final objective of a training job that ended; None if it has none."""
    if living(child) or child["TrainingJobStatus"] == "Failed":
        return None
    wanted = tuning["HyperParameterTuningJobConfig"]["HyperParameterTuningJobObjective"]["MetricName"]
    found = [each["Value"] for each in child.get("FinalMetricDataList", ()) if each["MetricName"] == wanted]
    return found[-1] if found else None


def maximizes(tuning: Data) -> bool:
    """Say whether greater objectives are better."""
    kind: str = tuning["HyperParameterTuningJobConfig"]["HyperParameterTuningJobObjective"]["Type"]
    return kind == "Maximize"


def better(tuning: Data) -> Callable[[float, float], bool]:
    """Return what says whether a first objective is better than a second."""
    return float.__gt__ if maximizes(tuning) else float.__lt__


def trials(tuning: Data, children: Sequence[Data]) -> list[Trial]:
    """Return what a search learns from: training jobs with an objective, and those that may still get one."""
    found = [(child, objective(tuning, child)) for child in children]
    return [Trial(tuned(tuning, child), value) for child, value in found if value is not None or living(child)]


def tuned(tuning: Data, child: Data) -> dict[str, str]:
    """Return the hyperparameters of a training job that were searched."""
    ranges: Mapping[str, Sequence[Data]] = tuning["HyperParameterTuningJobConfig"]["ParameterRanges"]
    names = [part["Name"] for parts in ranges.values() for part in parts]
    return {name: child["HyperParameters"][name] for name in names}


def best(tuning: Data, children: Iterable[Data]) -> Data | None:
    """Return the Completed training job with the best objective, the first of equal ones."""
    chosen: tuple[Data, float] | None = None
    is_better = better(tuning)
    for child in children:
        value = objective(tuning, child)
        if child["TrainingJobStatus"] != "Completed" or value is None:
            continue
        if chosen is None or is_better(float(value), chosen[1]):
            chosen = child, float(value)
    return chosen and chosen[0]


def not_improving(tuning: Data, children: Iterable[Data]) -> int:
    """Return how many training jobs, in the order of their ends, have not improved the best objective by 1 %."""
    ended = sorted(
        (child for child in children if "TrainingEndTime" in child), key=lambda child: child["TrainingEndTime"]
    )
    sign = 1.0 if maximizes(tuning) else -1.0
    objectives = [sign * value for child in ended if (value := objective(tuning, child)) is not None]
    count = 0
    for number, value in enumerate(objectives):
        record = max(objectives[:number], default=-math.inf)
        improved = number == 0 or value - record >= max(abs(record) * _IMPROVEMENT, _SMALLEST)
        count = 0 if improved else count + 1
    return count


def summary(tuning: Data, child: Data) -> dict[str, Any]:
    """Return the summary of one training job."""
    value = objective(tuning, child)
    told: dict[str, Any] = {
        name: child[name]
        for name in (
            "TrainingJobName",
            "TrainingJobArn",
            "CreationTime",
            "TrainingStartTime",
            "TrainingEndTime",
            "TrainingJobStatus",
            "FailureReason",
        )
        if name in child
    }
    told |= {"TunedHyperParameters": tuned(tuning, child), "ObjectiveStatus": _objective_status(child, value)}
    if (name := tuning["TrainingJobDefinition"].get("DefinitionName")) is not None:
        told["TrainingJobDefinitionName"] = name
    if value is not None:
        metric = tuning["HyperParameterTuningJobConfig"]["HyperParameterTuningJobObjective"]["MetricName"]
        told["FinalHyperParameterTuningJobObjectiveMetric"] = {"MetricName": metric, "Value": value}
    return told


def counters(tuning: Data, children: Sequence[Data]) -> dict[str, Any]:
    """Return how many training jobs there are in each status, theirs and their objectives'."""
    counted = Counter(_COUNTED[child["TrainingJobStatus"]] for child in children)
    objectives = Counter(_objective_status(child, objective(tuning, child)) for child in children)
    return {
        "TrainingJobStatusCounters": {
            name: counted[name]
            for name in ("Completed", "InProgress", "RetryableError", "NonRetryableError", "Stopped")
        },
        "ObjectiveStatusCounters": {name: objectives[name] for name in ("Succeeded", "Pending", "Failed")},
    }


def told(tuning: Data, children: Sequence[Data], now: datetime) -> dict[str, Any]:
    """Return a tuning job with all that its training jobs say about it."""
    row = {
        **tuning,
        **counters(tuning, children),
        "TuningJobCompletionDetails": {"NumberOfTrainingJobsObjectiveNotImproving": not_improving(tuning, children)},
        "ConsumedResources": {"RuntimeInSeconds": round(runtime(tuning, now))},
    }
    if (winner := best(tuning, children)) is not None:
        row["BestTrainingJob"] = row["OverallBestTrainingJob"] = summary(tuning, winner)
    return row


def runtime(tuning: Data, now: datetime) -> float:
    """Return the seconds that a tuning job has run."""
    seconds: float = (tuning.get("HyperParameterTuningEndTime", now) - tuning["CreationTime"]).total_seconds()
    return seconds


def sortable(value: float | None) -> str | None:
    """Return a text that sorts as the number does, for a list's token."""
    if value is None:
        return None
    (bits,) = struct.unpack(">q", struct.pack(">d", value + 0.0))
    return f"{(bits if bits >= 0 else -(bits & _MAGNITUDE)) + _MAGNITUDE:020d}"


def _objective_status(child: Data, value: float | None) -> str:
    if living(child):
        return "Pending"
    return "Failed" if value is None else "Succeeded"
