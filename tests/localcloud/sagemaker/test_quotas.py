from collections.abc import Callable
from typing import Any

import pytest

from localcloud.errors import AwsError
from localcloud.sagemaker import quotas
from tests.localcloud.sagemaker.clouds import Cloud

MakeCloud = Callable[..., Cloud]


def exceeded(name: str, limit: int, used: int, delta: int = 1) -> Any:
    text = f"'{name}' is {limit} .*current utilization of {used} .*a request delta of {delta} .*contact AWS support"
    return pytest.raises(AwsError, match=text)


@pytest.mark.parametrize(("used", "delta"), [(0, 2), (1, 1), (2, 0)])
def test_a_limit_can_be_used_up(used: int, delta: int) -> None:
    """What is there and what is asked for may be as many as the limit."""
    quotas.check("Total number of models", "Models", limit=2, used=used, delta=delta)


@pytest.mark.parametrize(("used", "delta"), [(1, 2), (2, 1), (3, 1)])
def test_a_limit_cannot_be_passed(used: int, delta: int) -> None:
    """One more is ResourceLimitExceeded, in AWS's words (users report them for instances)."""
    with pytest.raises(AwsError) as refused:
        quotas.check("Total number of models", "Models", limit=2, used=used, delta=delta)
    assert refused.value.code == "ResourceLimitExceeded"
    assert refused.value.message == (
        f"The account-level service limit 'Total number of models' is 2 Models, with current utilization of {used} "
        f"Models and a request delta of {delta} Models. "
        "Please contact AWS support to request an increase for this limit."
    )


def test_training_jobs_share_the_instances(make_cloud: MakeCloud) -> None:
    """Instances of training jobs that have not ended count, whether they wait or run (users, for processing jobs)."""
    cloud = make_cloud(training_instances=2, parallel_jobs=1)
    cloud.train("a", {"sleep": "60"})
    cloud.train("b", {"sleep": "60"})
    with exceeded("Number of instances across all training jobs", 2, 2) as refused:
        cloud.train("c")
    assert refused.value.code == "ResourceLimitExceeded"
    cloud.call("StopTrainingJob", TrainingJobName="b")
    cloud.wait("b", "Stopped")
    cloud.train("c")
    assert cloud.call("ListTrainingJobs", StatusEquals="InProgress")["TrainingJobSummaries"]


def test_each_kind_of_job_has_its_own(make_cloud: MakeCloud) -> None:
    """Processing and transform jobs have quotas of their own; a refused job's name stays free."""
    cloud = make_cloud(processing_instances=0, transform_instances=0)
    with exceeded("Number of instances across all processing jobs", 0, 0):
        cloud.process("p", "x")
    cloud.model("m")
    with exceeded("Number of instances across all transform jobs", 0, 0):
        cloud.transform("t", "m")
    assert cloud.call("ListProcessingJobs") == {"ProcessingJobSummaries": []}
    cloud.train("p")


def test_models_configs_and_endpoints_are_counted(make_cloud: MakeCloud) -> None:
    """One more than the account may have is refused; what is deleted makes room (names of these quotas: ours)."""
    cloud = make_cloud(models=1, endpoint_configs=1, endpoints=0)
    cloud.model("m")
    with exceeded("Total number of models", 1, 1):
        cloud.model("n")
    cloud.config("c", {"ModelName": "m"})
    with exceeded("Total number of endpoint configurations", 1, 1):
        cloud.config("d", {"ModelName": "m"})
    with exceeded("Total number of endpoints", 0, 0):
        cloud.call("CreateEndpoint", EndpointName="e", EndpointConfigName="c")
    cloud.call("DeleteModel", ModelName="m")
    cloud.model("n")
