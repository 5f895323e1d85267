from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.sagemaker import tuning_view
from localcloud.sagemaker.tuning_early import is_losing
from localcloud.sagemaker.tuning_steps import Steps, next_steps

START = datetime(2030, 1, 1, tzinfo=UTC)


def tuning(status: str = "InProgress", kind: str = "Minimize", parallel: int = 2, **config: Any) -> dict[str, Any]:
    runtime = config.pop("runtime", None)
    return {
        "HyperParameterTuningJobName": "t",
        "HyperParameterTuningJobStatus": status,
        "CreationTime": START,
        "TrainingJobDefinition": {},
        "HyperParameterTuningJobConfig": {
            "HyperParameterTuningJobObjective": {"Type": kind, "MetricName": "loss"},
            "ResourceLimits": {
                "MaxParallelTrainingJobs": parallel,
                **({} if runtime is None else {"MaxRuntimeInSeconds": runtime}),
            },
            "ParameterRanges": {"ContinuousParameterRanges": [{"Name": "x", "MinValue": "0", "MaxValue": "1"}]},
            **({"TuningJobCompletionCriteria": config} if config else {}),
        },
    }


def child(number: int, status: str, objective: float | None = None) -> dict[str, Any]:
    row: dict[str, Any] = {
        "TrainingJobName": f"t-{number:03d}-00000000",
        "TrainingJobArn": f"arn/{number}",
        "CreationTime": START,
        "TrainingJobStatus": status,
        "HyperParameters": {"x": str(number), "static": "1"},
    }
    if status in {"Completed", "Failed", "Stopped"}:
        row["TrainingEndTime"] = START + timedelta(seconds=number)
    if objective is not None:
        row["FinalMetricDataList"] = [{"MetricName": "loss", "Value": objective}]
    return row


def children(*ended: Any) -> list[dict[str, Any]]:
    """Make training jobs: a number is a Completed one's objective, a text a status."""
    return [
        child(number, each) if isinstance(each, str) else child(number, "Completed", each)
        for number, each in enumerate(ended, 1)
    ]


def steps(job: dict[str, Any], *ended: Any, most: int = 4, after: float = 0.0, losing: Sequence[str] = ()) -> Steps:
    return next_steps(job, children(*ended), START + timedelta(seconds=after), most, losing)


RUNNING = "InProgress"


@pytest.mark.parametrize(
    ("job", "ended", "start", "stop"),
    [
        (tuning(), (), 2, 0),  # as many at once as allowed
        (tuning(parallel=9), (), 4, 0),  # never more than in all
        (tuning(), (RUNNING,), 1, 0),
        (tuning(), (RUNNING, "Stopping"), 0, 0),
        (tuning(), (0.5, RUNNING), 1, 0),  # one that ended makes room
        (tuning(), (0.5, 0.4, 0.3, RUNNING), 0, 0),  # all are launched: wait
        (tuning(), ("Failed", "Stopped", 0.3), 1, 0),  # whatever became of them, they count
        (tuning("Stopping"), (RUNNING, "Stopping", 0.1), 0, 1),
        (tuning(TargetObjectiveMetricValue=0.2), (0.3, RUNNING), 1, 0),
        (tuning(TargetObjectiveMetricValue=0.2), (0.2, RUNNING), 0, 1),
        (tuning(kind="Maximize", TargetObjectiveMetricValue=0.2), (0.3, RUNNING), 0, 1),
        (tuning(kind="Maximize", TargetObjectiveMetricValue=0.4), (0.3, RUNNING), 1, 0),
    ],
)
def test_what_is_started_and_stopped(job: Any, ended: Any, start: int, stop: int) -> None:
    """Launch up to both limits; a stop or a reached target ends those at work (API Reference, ResourceLimits)."""
    found = steps(job, *ended)
    assert (found.start, len(found.stop), found.end) == (start, stop, None)


@pytest.mark.parametrize(
    ("job", "ended", "status", "reason"),
    [
        (tuning(), (0.5, 0.4, 0.3, "Failed"), "Completed", None),
        (tuning("Stopping"), (0.5,), "Stopped", None),
        (tuning("Stopping"), (), "Stopped", None),
        (tuning(TargetObjectiveMetricValue=0.6), (0.5,), "Completed", None),
        (tuning(), ("Failed",) * 4, "Failed", "No training job succeeded after 4 attempts"),
        (tuning(), ("Stopped",) * 4, "Completed", None),
    ],
)
def test_how_it_ends(job: Any, ended: Any, status: str, reason: str | None) -> None:
    """Completed with any success, Stopped when asked to, Failed with users' reason when none succeeded."""
    end = steps(job, *ended).end
    assert end is not None
    assert end.status == status
    assert str(end.members.get("FailureReason", None)).startswith(str(reason))


def test_five_failures_are_enough() -> None:
    """After five failures and no success nothing more is launched (users: "after 5 attempts"), one success goes on."""
    end = steps(tuning(), *["Failed"] * 5, most=20).end
    assert end is not None
    assert end.members["FailureReason"].startswith("No training job succeeded after 5 attempts.")
    assert steps(tuning(), *["Failed"] * 5, RUNNING, most=20) == Steps()
    assert steps(tuning(), *["Failed"] * 5, 0.1, most=20).start == 2


def test_completed_without_the_metric_is_a_failure() -> None:
    """Training jobs that never print the objective make a Failed tuning job."""
    end = steps(tuning(), *["Completed"] * 4).end
    assert end is not None
    assert (end.status, "objective metric" in end.members["FailureReason"]) == ("Failed", True)


def test_the_time_limit_ends_all() -> None:
    """After MaxRuntimeInSeconds those at work are stopped, then it has ended."""
    job = tuning(runtime=120)
    assert steps(job, 0.1, RUNNING, after=119).start == 1
    assert len(steps(job, 0.1, RUNNING, after=120).stop) == 1
    end = steps(job, 0.1, "Stopped", after=121).end
    assert end is not None
    assert end.status == "Completed"


@pytest.mark.parametrize(
    ("kind", "objectives", "count"),
    [
        ("Minimize", (1.0, 0.5, 0.4), 0),
        ("Minimize", (1.0, 0.995, 0.994), 2),  # less than one per cent each
        ("Minimize", (1.0, 0.995, 0.985), 0),  # one per cent over the best so far
        ("Minimize", (1.0, 2.0, 3.0, 4.0), 3),
        ("Maximize", (1.0, 2.0, 3.0, 4.0), 0),
        ("Maximize", (-1.0, -1.0, -0.5, -0.7), 1),
        ("Maximize", (), 0),
    ],
)
def test_not_improving_is_less_than_one_per_cent(kind: str, objectives: Any, count: int) -> None:
    """Training jobs in a row that improve by less than 1 % are counted, and end it (service model)."""
    job = tuning(kind=kind, BestObjectiveNotImproving={"MaxNumberOfTrainingJobsNotImproving": 3})
    assert tuning_view.not_improving(job, children(*objectives)) == count
    assert (steps(job, *objectives, most=9).end is not None) == (count >= 3)


def test_early_stopping_stops_only_the_losing() -> None:
    """Training jobs that are named as losing are stopped, the next ones launched when they have ended."""
    found = steps(tuning(), RUNNING, RUNNING, losing=["t-002-00000000"])
    assert (found.start, found.stop) == (0, ("t-002-00000000",))


@pytest.mark.parametrize(
    ("current", "earlier", "maximize", "losing"),
    [
        ([5.0], [], False, False),  # nobody to compare with
        ([], [[1.0]], False, False),  # no epoch yet
        ([5.0], [[4.0], [6.0], [7.0]], False, False),  # the median is 6
        ([6.5], [[4.0], [6.0], [7.0]], False, True),
        ([6.5], [[4.0], [6.0], [7.0]], True, False),
        ([9.0, 5.5], [[8.0, 2.0]], False, True),  # the mean up to the second epoch is 5
        ([9.0, 4.5], [[8.0, 2.0]], False, False),
        ([9.0, 9.0, 9.0], [[1.0, 1.0]], False, False),  # the others had fewer epochs
    ],
)
def test_the_median_rule(current: Any, earlier: Any, *, maximize: bool, losing: bool) -> None:
    """Worse than the median of the running averages up to the same epoch (developer guide, early stopping)."""
    assert is_losing(current, earlier, maximize=maximize) == losing


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False)))
def test_objectives_sort_as_numbers(values: list[float]) -> None:
    """The text that a list's token holds has the order of the numbers, negative ones too."""
    assert sorted(values) == sorted(values, key=lambda value: str(tuning_view.sortable(value)))


def test_counters_and_the_best_job() -> None:
    """A failure is not retryable, one at work is pending; the best is the Completed one with the best objective."""
    rows = [*children(0.5, 0.2, "Failed", RUNNING, "Completed"), child(6, "Stopped", 0.1)]
    told = tuning_view.told(tuning(), rows, START + timedelta(seconds=90))
    assert told["TrainingJobStatusCounters"] == {
        "Completed": 3,
        "InProgress": 1,
        "RetryableError": 0,
        "NonRetryableError": 1,
        "Stopped": 1,
    }
    assert told["ObjectiveStatusCounters"] == {"Succeeded": 3, "Pending": 1, "Failed": 2}
    assert told["ConsumedResources"] == {"RuntimeInSeconds": 90}
    best = told["BestTrainingJob"]
    assert (best["TrainingJobName"], best["TunedHyperParameters"]) == ("t-002-00000000", {"x": "2"})
    assert best["FinalHyperParameterTuningJobObjectiveMetric"] == {"MetricName": "loss", "Value": 0.2}
    worst = tuning_view.best(tuning(kind="Maximize"), rows)
    assert worst is not None
    assert worst["TrainingJobName"] == "t-001-00000000"
