"""Hyperparameter tuning jobs."""

import json
from typing import Any

import pytest

from tests.contract.account import refused
from tests.contract.jobs import Jobs

pytestmark = pytest.mark.costs_money

LOSS = """
x = float(hp["x"])
print(f"loss: {(x - 2) ** 2};", flush=True)
"""
GRID = {"CategoricalParameterRanges": [{"Name": "x", "Values": ["1", "2", "5"]}]}
NUMBERS = {"ContinuousParameterRanges": [{"Name": "x", "MinValue": "0", "MaxValue": "4", "ScalingType": "Linear"}]}


def tuning(jobs: Jobs, strategy: str = "Grid", ranges: Any = None, limits: Any = None) -> dict[str, Any]:
    metric = {"MetricDefinitions": [{"Name": "loss", "Regex": "loss: (.*?);"}]}
    definition = jobs.training(algorithm=metric)
    del definition["HyperParameters"]
    return {
        "HyperParameterTuningJobName": f"tune-{jobs.aws.name()[-20:]}",
        "HyperParameterTuningJobConfig": {
            "Strategy": strategy,
            "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "loss"},
            "ParameterRanges": ranges or GRID,
            "ResourceLimits": {"MaxParallelTrainingJobs": 2, **(limits or {})},
            "RandomSeed": 1,
        },
        "TrainingJobDefinition": {**definition, "StaticHyperParameters": {"program": json.dumps(LOSS)}},
    }


def tuned(jobs: Jobs, request: dict[str, Any]) -> dict[str, Any]:
    """Run a tuning job to its end; what Describe tells."""
    jobs.api.create_hyper_parameter_tuning_job(**request)
    name = request["HyperParameterTuningJobName"]

    def look() -> dict[str, Any] | None:
        told: dict[str, Any] = jobs.api.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
        return None if told["HyperParameterTuningJobStatus"] in {"InProgress", "Stopping"} else told

    told = jobs.aws.wait_for(look)
    assert told["HyperParameterTuningJobStatus"] == "Completed", told
    return told


@pytest.fixture(scope="module")
def grid(jobs: Jobs) -> dict[str, Any]:
    return tuned(jobs, tuning(jobs))


def children(jobs: Jobs, tuning_job: dict[str, Any], **asked: Any) -> list[dict[str, Any]]:
    name = tuning_job["HyperParameterTuningJobName"]
    answer = jobs.api.list_training_jobs_for_hyper_parameter_tuning_job(HyperParameterTuningJobName=name, **asked)
    found: list[dict[str, Any]] = answer["TrainingJobSummaries"]
    return found


def test_a_grid_is_tried_whole(jobs: Jobs, grid: dict[str, Any]) -> None:
    """Grid search trains each combination of categories once.

    Source: Developer Guide, "Understand the hyperparameter tuning strategies", Grid search.
    """
    assert sorted(child["TunedHyperParameters"]["x"] for child in children(jobs, grid)) == ["1", "2", "5"]
    assert grid["TrainingJobStatusCounters"]["Completed"] == grid["ObjectiveStatusCounters"]["Succeeded"] == 3


def test_the_best_is_told(grid: dict[str, Any]) -> None:
    """BestTrainingJob is the one with the best last value of the objective metric.

    Source: API Reference, DescribeHyperParameterTuningJob.
    """
    best = grid["BestTrainingJob"]
    assert best["TunedHyperParameters"] == {"x": "2"}
    assert best["FinalHyperParameterTuningJobObjectiveMetric"] == {"MetricName": "loss", "Value": 0.0}


def test_its_training_jobs_are_real(jobs: Jobs, grid: dict[str, Any]) -> None:
    """A training job of a tuning job is named after it and knows its ARN and objective.

    Source: botocore's model, TuningJobArn; users: `<name>-<NNN>-<8 hex>`, _tuning_objective_metric.
    """
    child = grid["BestTrainingJob"]["TrainingJobName"]
    prefix, _, number = child.rpartition("-")
    assert prefix[:-4] == grid["HyperParameterTuningJobName"]
    assert (prefix[-4], prefix[-3:].isdigit(), len(number)) == ("-", True, 8)
    told = jobs.api.describe_training_job(TrainingJobName=child)
    assert told["TuningJobArn"] == grid["HyperParameterTuningJobArn"]
    assert told["HyperParameters"]["_tuning_objective_metric"] == "loss"


def test_training_jobs_are_sorted_by_objective(jobs: Jobs, grid: dict[str, Any]) -> None:
    """The training jobs can be listed by the objective's last value.

    Source: API Reference, ListTrainingJobsForHyperParameterTuningJob.
    """
    asked = {"SortBy": "FinalObjectiveMetricValue", "SortOrder": "Ascending"}
    assert [child["TunedHyperParameters"]["x"] for child in children(jobs, grid, **asked)] == ["2", "1", "5"]


@pytest.mark.parametrize("strategy", ["Random", "Bayesian"])
def test_ranges_are_searched(jobs: Jobs, strategy: str) -> None:
    """Random and Bayesian search try values within the range, as many as MaxNumberOfTrainingJobs.

    Source: Developer Guide, "Understand the hyperparameter tuning strategies"; API Reference, ResourceLimits.
    """
    told = tuned(jobs, tuning(jobs, strategy, NUMBERS, {"MaxNumberOfTrainingJobs": 4}))
    values = [float(child["TunedHyperParameters"]["x"]) for child in children(jobs, told)]
    assert len(set(values)) == 4
    assert all(0 <= value <= 4 for value in values)


def test_a_target_completes_it(jobs: Jobs) -> None:
    """TargetObjectiveMetricValue ends a tuning job early.

    Source: API Reference, TuningJobCompletionCriteria; that the status is Completed is ours.
    """
    request = tuning(jobs, limits={"MaxParallelTrainingJobs": 1})
    request["HyperParameterTuningJobConfig"]["TuningJobCompletionCriteria"] = {"TargetObjectiveMetricValue": 100.0}
    assert len(children(jobs, tuned(jobs, request))) < 3


def test_the_objective_must_be_defined(jobs: Jobs) -> None:
    """An objective that is not among the MetricDefinitions is refused.

    Source: users: "A metric is required for this hyperparameter tuning job objective".
    """
    request = tuning(jobs)
    request["TrainingJobDefinition"]["AlgorithmSpecification"]["MetricDefinitions"] = [{"Name": "n", "Regex": "n"}]
    code, message = refused(jobs.api.create_hyper_parameter_tuning_job, **request)
    assert code == "ValidationException"
    assert "A metric is required" in message


def test_a_grid_takes_categories_only(jobs: Jobs) -> None:
    """Grid search of a continuous range is refused.

    Source: Developer Guide, "Understand the hyperparameter tuning strategies", Grid search; the words are ours.
    """
    code, _ = refused(jobs.api.create_hyper_parameter_tuning_job, **tuning(jobs, ranges=NUMBERS))
    assert code == "ValidationException"


def test_more_than_ten_at_once(jobs: Jobs) -> None:
    """More than ten training jobs at once are ResourceLimitExceeded.

    Source: Developer Guide, "Resource Limits" of automatic model tuning; users: the code.
    """
    code, _ = refused(
        jobs.api.create_hyper_parameter_tuning_job, **tuning(jobs, limits={"MaxParallelTrainingJobs": 11})
    )
    assert code == "ResourceLimitExceeded"


def test_a_taken_name(jobs: Jobs, grid: dict[str, Any]) -> None:
    """A second tuning job of a name is ResourceInUse.

    Source: users: "A hyperparameter tuning job with the name ... already exists".
    """
    request = {**tuning(jobs), "HyperParameterTuningJobName": grid["HyperParameterTuningJobName"]}
    code, message = refused(jobs.api.create_hyper_parameter_tuning_job, **request)
    assert (code, "already exists" in message) == ("ResourceInUse", True)


def test_an_unknown_tuning_job(jobs: Jobs) -> None:
    """Describing a tuning job that does not exist is ResourceNotFound.

    Source: API Reference, DescribeHyperParameterTuningJob, Errors; users: the text.
    """
    with pytest.raises(jobs.api.exceptions.ResourceNotFound, match="can't find a tuning job called nobody"):
        jobs.api.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName="nobody")
