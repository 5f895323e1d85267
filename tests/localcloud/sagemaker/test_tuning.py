import sys
import textwrap
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from localcloud.errors import AwsError
from localcloud.settings import Image, Settings
from tests.localcloud.sagemaker.clouds import ROLE, Cloud
from tests.localcloud.sagemaker.endpoint_steps import wait_until
from tests.localcloud.sagemaker.tuning_steps import ARN, LEARNER, category, children, describe, tune


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    (tmp_path / "learner.py").write_text(textwrap.dedent(LEARNER))
    learner = Image((sys.executable, str(tmp_path / "learner.py")))
    return replace(settings, images={**settings.images, "learner": learner})


def test_a_grid_is_tried_and_the_best_is_found(cloud: Cloud) -> None:
    """Each combination is one real training job; counters, best job and end time tell how it went (API Reference)."""
    assert tune(cloud, static={"epochs": "1"}, tags=[{"Key": "team", "Value": "blue"}]) == {
        "HyperParameterTuningJobArn": f"{ARN}/t"
    }
    cloud.wait("t", "Completed")
    told = describe(cloud)
    assert told["HyperParameterTuningJobStatus"] == "Completed"
    assert told["HyperParameterTuningEndTime"] >= told["CreationTime"]
    assert told["TrainingJobStatusCounters"]["Completed"] == told["ObjectiveStatusCounters"]["Succeeded"] == 3
    best = told["BestTrainingJob"]
    assert (best["TunedHyperParameters"], best["ObjectiveStatus"]) == ({"x": "1"}, "Succeeded")
    assert best["FinalHyperParameterTuningJobObjectiveMetric"] == {"MetricName": "loss", "Value": 1.0}
    assert told["OverallBestTrainingJob"] == best
    assert not {"_Seed", "Tags"} & set(told)
    job = cloud.call("DescribeTrainingJob", TrainingJobName=best["TrainingJobName"])
    assert job["TuningJobArn"] == f"{ARN}/t"
    assert job["HyperParameters"] == {"x": "1", "epochs": "1", "_tuning_objective_metric": "loss"}
    tags = cloud.call("ListTags", ResourceArn=job["TrainingJobArn"])
    assert tags == cloud.call("ListTags", ResourceArn=f"{ARN}/t") == {"Tags": [{"Key": "team", "Value": "blue"}]}


def test_names_of_training_jobs(cloud: Cloud) -> None:
    """A training job is named after its tuning job, with three digits and eight hexadecimal ones (as users see it)."""
    name = "a" * 32
    tune(cloud, name, ParameterRanges=category("1", "2"))
    cloud.wait(name, "Completed")
    found = [each["TrainingJobName"] for each in children(cloud, HyperParameterTuningJobName=name)]
    assert [each[:36] for each in found] == [f"{name}-001", f"{name}-002"]
    assert all(len(each) == 45 and int(each[37:], 16) >= 0 for each in found)
    assert found[0][37:] != found[1][37:]
    with pytest.raises(AwsError, match="length less than or equal to 32"):
        tune(cloud, "a" * 33)


def test_its_states_are_events(cloud: Cloud) -> None:
    """InProgress and Completed, with counters, and times as milliseconds in strings (developer guide, EventBridge)."""
    tune(cloud, ParameterRanges=category("1"))
    cloud.wait("t", "Completed")
    first, last = cloud.details("t")
    assert (first["HyperParameterTuningJobStatus"], last["HyperParameterTuningJobStatus"]) == (
        "InProgress",
        "Completed",
    )
    assert last["TrainingJobStatusCounters"]["Completed"] == last["ObjectiveStatusCounters"]["Succeeded"] == 1
    assert last["CreationTime"].isdigit()
    assert set(last) == {
        "HyperParameterTuningJobName",
        "HyperParameterTuningJobArn",
        "HyperParameterTuningJobStatus",
        "TrainingJobDefinition",
        "TrainingJobStatusCounters",
        "ObjectiveStatusCounters",
        "CreationTime",
        "LastModifiedTime",
        "Tags",
    }
    assert cloud.events[-1]["detail_type"] == "SageMaker HyperParameter Tuning Job State Change"


def test_training_jobs_are_listed_by_their_objective(cloud: Cloud) -> None:
    """FinalObjectiveMetricValue sorts by number, pages keep the order, jobs without it are left out (API Reference)."""
    tune(cloud, ParameterRanges=category("3", "-0.5", "10", "2"), ResourceLimits={"MaxParallelTrainingJobs": 2})
    cloud.wait("t", "Completed")
    by = {"SortBy": "FinalObjectiveMetricValue", "SortOrder": "Descending"}
    assert [each["TunedHyperParameters"]["x"] for each in children(cloud, **by)] == ["10", "3", "2", "-0.5"]
    request = {"HyperParameterTuningJobName": "t", "MaxResults": 3, **by}
    page = cloud.call("ListTrainingJobsForHyperParameterTuningJob", **request)
    rest = children(cloud, **request, NextToken=page["NextToken"])
    assert [each["TunedHyperParameters"]["x"] for each in rest] == ["-0.5"]
    assert children(cloud, StatusEquals="Failed") == []


def test_tuning_jobs_are_listed(cloud: Cloud) -> None:
    """Name and status filter, the order is by name unless asked otherwise, a summary has strategy and counters."""
    for name in ("b", "a"):
        tune(cloud, name, ParameterRanges=category("1"))
        cloud.wait(name, "Completed")
    found = cloud.call("ListHyperParameterTuningJobs")["HyperParameterTuningJobSummaries"]
    assert [each["HyperParameterTuningJobName"] for each in found] == ["a", "b"]
    assert (found[0]["Strategy"], found[0]["TrainingJobStatusCounters"]["Completed"]) == ("Grid", 1)
    assert found[0]["ResourceLimits"] == {"MaxParallelTrainingJobs": 1}
    for request in ({"NameContains": "c"}, {"StatusEquals": "Failed"}):
        assert cloud.call("ListHyperParameterTuningJobs", **request)["HyperParameterTuningJobSummaries"] == []


@pytest.mark.parametrize("strategy", ["Random", "Bayesian"])
def test_numbers_are_searched(cloud: Cloud, strategy: str) -> None:
    """So many training jobs run, each with a value of the range as a string; a seed gives the same again."""
    ranges = {"ContinuousParameterRanges": [{"Name": "x", "MinValue": "0.5", "MaxValue": "2"}]}
    limits = {"MaxNumberOfTrainingJobs": 4, "MaxParallelTrainingJobs": 1}
    for name in ("t", "u"):
        tune(cloud, name, Strategy=strategy, ParameterRanges=ranges, ResourceLimits=limits, RandomSeed=7)
    cloud.wait("t", "Completed")
    cloud.wait("u", "Completed")
    found = [
        [each["TunedHyperParameters"]["x"] for each in children(cloud, HyperParameterTuningJobName=n)] for n in "tu"
    ]
    assert found[0] == found[1]
    assert len(set(found[0])) == 4
    assert all(0.5 <= float(x) <= 2 for x in found[0])


def test_a_restart_goes_on_from_the_rows(cloud: Cloud) -> None:
    """What a tuning job needs is in its row and its training jobs': after a restart it goes on where it stood still."""
    tune(cloud)
    wait_until(lambda: len(children(cloud)) == 2)
    cloud.restart()
    cloud.wait("t", "Completed")
    assert [each["TunedHyperParameters"]["x"] for each in children(cloud)] == ["3", "1", "2"]


def test_a_stop_ends_its_training_jobs(cloud: Cloud) -> None:
    """StopHyperParameterTuningJob: Stopping, then the training jobs at work are Stopped, then it is (API Reference)."""
    tune(cloud, static={"patience": "0"}, ResourceLimits={"MaxParallelTrainingJobs": 2})
    wait_until(lambda: describe(cloud)["TrainingJobStatusCounters"]["InProgress"] == 2)
    cloud.call("StopHyperParameterTuningJob", HyperParameterTuningJobName="t")
    cloud.wait("t", "Stopped")
    states = [detail["HyperParameterTuningJobStatus"] for detail in cloud.details("t")]
    assert states == ["InProgress", "Stopping", "Stopped"]
    assert describe(cloud)["TrainingJobStatusCounters"]["Stopped"] == 2
    with pytest.raises(AwsError, match="is in status Stopped"):
        cloud.call("StopHyperParameterTuningJob", HyperParameterTuningJobName="t")


def test_early_stopping_stops_what_cannot_win(cloud: Cloud) -> None:
    """With Auto, a training job that is worse than the median so far is stopped; its objective counts."""
    tune(cloud, static={"patience": "5"}, ParameterRanges=category("1", "9"), TrainingJobEarlyStoppingType="Auto")
    cloud.wait("t", "Completed")
    first, second = children(cloud)
    assert (first["TrainingJobStatus"], second["TrainingJobStatus"]) == ("Completed", "Stopped")
    assert (second["ObjectiveStatus"], describe(cloud)["TrainingJobStatusCounters"]["Stopped"]) == ("Succeeded", 1)


def test_a_reached_target_ends_it(cloud: Cloud) -> None:
    """TargetObjectiveMetricValue: no more training jobs are launched once one is as good (API Reference)."""
    tune(cloud, TuningJobCompletionCriteria={"TargetObjectiveMetricValue": 1.0})
    cloud.wait("t", "Completed")
    assert [each["TunedHyperParameters"]["x"] for each in children(cloud)] == ["3", "1"]


@pytest.mark.parametrize(
    ("static", "reason"),
    [
        ({"fail": "1"}, "No training job succeeded after 3 attempts."),
        ({"mute": "1"}, "No objective metrics found after running 3 training jobs."),
    ],
)
def test_failures_make_it_fail(cloud: Cloud, static: dict[str, str], reason: str) -> None:
    """Failed with its reason when no training job succeeds (users), or none prints the objective."""
    tune(cloud, static=static)
    cloud.wait("t", "Failed")
    told = describe(cloud)
    assert told["FailureReason"].startswith(reason)
    assert "BestTrainingJob" not in told
    assert {each["ObjectiveStatus"] for each in children(cloud)} == {"Failed"}


def test_a_full_quota_of_training_jobs_makes_it_wait(make_cloud: Callable[..., Cloud]) -> None:
    """More in parallel than the account has instances: the training jobs come as others end, none is lost (ours)."""
    cloud = make_cloud(training_instances=1)
    tune(cloud, ResourceLimits={"MaxParallelTrainingJobs": 3})
    cloud.wait("t", "Completed")
    assert describe(cloud)["TrainingJobStatusCounters"]["Completed"] == 3


def test_a_name_is_used_once_for_ever(cloud: Cloud) -> None:
    """A taken name is ResourceInUse, an unknown one ResourceNotFound, in the words users report."""
    tune(cloud, ParameterRanges=category("1"))
    cloud.wait("t", "Completed")
    with pytest.raises(
        AwsError, match=r"A hyperparameter tuning job with the name, t, already exists\. Choose"
    ) as taken:
        tune(cloud)
    assert taken.value.code == "ResourceInUse"
    with pytest.raises(AwsError, match=r"Amazon SageMaker can't find a tuning job called nobody\. Type") as missing:
        describe(cloud, "nobody")
    assert missing.value.code == "ResourceNotFound"


NUMBER = {"ContinuousParameterRanges": [{"Name": "x", "MinValue": "0", "MaxValue": "1"}]}


@pytest.mark.parametrize(
    ("config", "why"),
    [
        ({"Strategy": "Hyperband"}, "Strategy=Hyperband is not emulated"),
        ({"StrategyConfig": {}}, "StrategyConfig is not emulated"),
        ({"ParameterRanges": NUMBER}, "only categorical"),
        ({"ResourceLimits": {"MaxNumberOfTrainingJobs": 2}}, "MaxNumberOfTrainingJobs must be 3"),
        ({"static": {"x": "1"}}, "both static and searched"),
        ({"static": {"_tuning_objective_metric": "1"}}, "is set by SageMaker"),
        ({"HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "other"}}, "A metric is required"),
        (
            {"TuningJobCompletionCriteria": {"ConvergenceDetected": {"CompleteOnConvergence": "Enabled"}}},
            "not emulated",
        ),
        ({"definition": {"RetryStrategy": {"MaximumRetryAttempts": 1}}}, "RetryStrategy is not emulated"),
        ({"definition": {"EnableManagedSpotTraining": True}}, "Invalid MaxWaitTimeInSeconds"),
        ({"ResourceLimits": {"MaxParallelTrainingJobs": 11}}, "is 10 TrainingJobs"),
    ],
)
def test_what_is_not_allowed_or_not_emulated_is_refused(cloud: Cloud, config: dict[str, Any], why: str) -> None:
    """It is refused by name, in AWS's words where users tell them, and no tuning job exists afterwards."""
    with pytest.raises(AwsError, match=why):
        tune(cloud, **config)
    assert cloud.call("ListHyperParameterTuningJobs") == {"HyperParameterTuningJobSummaries": []}


@pytest.mark.parametrize("member", ["TrainingJobDefinitions", "WarmStartConfig"])
def test_several_definitions_and_warm_starts_are_refused(cloud: Cloud, member: str) -> None:
    """A member that is not emulated is named."""
    values: dict[str, Any] = {
        "TrainingJobDefinitions": [],
        "WarmStartConfig": {"ParentHyperParameterTuningJobs": [], "WarmStartType": "TransferLearning"},
    }
    parents = [{"HyperParameterTuningJobName": "p"}]
    definition = {
        "AlgorithmSpecification": {"TrainingInputMode": "File"},
        "RoleArn": ROLE,
        "OutputDataConfig": {"S3OutputPath": "s3://b/k"},
        "StoppingCondition": {},
    }
    values["TrainingJobDefinitions"] = [definition]
    values["WarmStartConfig"]["ParentHyperParameterTuningJobs"] = parents
    with pytest.raises(AwsError, match=f"{member} is not emulated"):
        cloud.call(
            "CreateHyperParameterTuningJob",
            HyperParameterTuningJobName="t",
            HyperParameterTuningJobConfig={"Strategy": "Random", "ResourceLimits": {"MaxParallelTrainingJobs": 1}},
            **{member: values[member]},
        )
