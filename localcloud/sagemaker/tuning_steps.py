"""What a tuning job does next: how many training jobs to start, which to stop, whether it has ended. Pure.

It looks at nothing but the rows of the tuning job and its training jobs, so it can be asked at any moment, and after a
restart gives the same answer. Sources: the service model for the criteria, users for the reason after five failures.
AWS does not say in which status a reached criterion leaves a tuning job: here it is Completed.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from localcloud.sagemaker import tuning_view
from localcloud.sagemaker.jobs import Ending, failed
from localcloud.sagemaker.store import Data

_ATTEMPTS = 5  # failures without any success, as users see it
_NO_SUCCESS = (
    "No training job succeeded after {count} attempts. Please take a look at the training job failures to get more "
    "details."
)
_NO_OBJECTIVE = (
    "No objective metrics found after running {count} training jobs. Please ensure that the custom algorithm is "
    "emitting the objective metric as defined by the regular expression provided."
)


@dataclass(frozen=True)
class Steps:
    """What to do now; ``end``: there is nothing left to do."""

    start: int = 0
    stop: tuple[str, ...] = ()
    end: Ending | None = None


def next_steps(tuning: Data, children: Sequence[Data], now: datetime, most: int, losing: Collection[str] = ()) -> Steps:
    """Decide from the rows; ``most``: training jobs in all, ``losing``: names of those that early stopping ends."""
    living = [child for child in children if tuning_view.living(child)]
    limits = tuning["HyperParameterTuningJobConfig"]["ResourceLimits"]
    over = tuning["HyperParameterTuningJobStatus"] == "Stopping" or reached(tuning, children, now)
    enough = over or len(children) >= most or hopeless(children)
    if enough and not living:
        return Steps(end=_ending(tuning, children))
    start = 0 if enough else min(limits["MaxParallelTrainingJobs"] - len(living), most - len(children))
    stop = tuple(
        child["TrainingJobName"]
        for child in living
        if child["TrainingJobStatus"] == "InProgress" and (over or child["TrainingJobName"] in losing)
    )
    return Steps(max(start, 0), stop)


def reached(tuning: Data, children: Sequence[Data], now: datetime) -> bool:
    """Say whether a criterion is reached that ends a tuning job with its training jobs."""
    config = tuning["HyperParameterTuningJobConfig"]
    limit = config["ResourceLimits"].get("MaxRuntimeInSeconds")
    if limit is not None and tuning_view.runtime(tuning, now) >= limit:
        return True
    criteria = config.get("TuningJobCompletionCriteria", {})
    target = criteria.get("TargetObjectiveMetricValue")
    winner = tuning_view.best(tuning, children)
    if target is not None and winner is not None:
        value = float(tuning_view.objective(tuning, winner) or 0.0)
        if value == float(target) or tuning_view.better(tuning)(value, float(target)):
            return True
    patience = criteria.get("BestObjectiveNotImproving", {}).get("MaxNumberOfTrainingJobsNotImproving")
    return patience is not None and tuning_view.not_improving(tuning, children) >= patience


def hopeless(children: Sequence[Data]) -> bool:
    """Say whether so many training jobs failed, and none succeeded, that no more are started."""
    statuses = [child["TrainingJobStatus"] for child in children]
    return statuses.count("Failed") >= _ATTEMPTS and "Completed" not in statuses


def _ending(tuning: Data, children: Sequence[Data]) -> Ending:
    statuses = tuning_view.statuses(children)
    if tuning["HyperParameterTuningJobStatus"] == "Stopping":
        return Ending("Stopped")
    if statuses["Failed"] and not statuses["Completed"]:
        return failed(_NO_SUCCESS.format(count=statuses["Failed"]))
    if statuses["Completed"] and tuning_view.best(tuning, children) is None:
        return failed(_NO_OBJECTIVE.format(count=len(children)))
    return Ending("Completed")
