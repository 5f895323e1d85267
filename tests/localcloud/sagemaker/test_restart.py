import json
from collections.abc import Callable
from pathlib import Path

import pytest

from localcloud.errors import AwsError
from tests.localcloud.sagemaker.clouds import Cloud
from tests.localcloud.sagemaker.endpoint_steps import in_service, status_of, wait_until


def test_a_job_at_work_begins_anew(cloud: Cloud) -> None:
    """A training job that the end of the cloud cut off is run again and ends as if nothing had happened."""
    cloud.train("j", {"sleep": "0.5", "answer": "42"})
    cloud.wait("j", "Training")
    cloud.restart()
    done = cloud.wait("j", "Completed")
    told = cloud.call("DescribeTrainingJob", TrainingJobName="j")
    assert [entry["Status"] for entry in told["SecondaryStatusTransitions"]] == [
        "Starting",
        "Downloading",
        "Training",
        "Uploading",
        "Completed",
    ]
    assert done["HyperParameters"]["answer"] == "42"
    assert cloud.keys("models/j/output/model.tar.gz")


def test_jobs_in_the_queue_keep_their_order(make_cloud: Callable[..., Cloud]) -> None:
    """Jobs of all kinds that waited are done after a restart, in the order in which they were asked for."""
    cloud = make_cloud(parallel_jobs=1)
    cloud.train("first", {"sleep": "0.5"})
    cloud.process("second", "fail", "done")
    cloud.train("third")
    cloud.wait("first", "Training")
    cloud.restart()
    cloud.wait("third", "Completed")
    ended = [
        name
        for event in cloud.events
        for name in ("first", "second", "third")
        if name in event["detail"].values() and {"Completed", "Failed"} & set(map(str, event["detail"].values()))
    ]
    assert list(dict.fromkeys(ended)) == ["first", "second", "third"]


def test_a_job_that_was_stopping_is_stopped(make_cloud: Callable[..., Cloud]) -> None:
    """A job that was asked to stop is not begun again: it is Stopped, and its name stays taken."""
    cloud = make_cloud(job_stop=60.0)
    cloud.train("j", {"sleep": "60", "deaf": "yes"})
    wait_until((cloud.state / "logs/sagemaker/training-jobs/eu-west-1/j.log").exists)
    cloud.wait("j", "Training")
    cloud.call("StopTrainingJob", TrainingJobName="j")
    cloud.restart()
    assert cloud.call("DescribeTrainingJob", TrainingJobName="j")["TrainingJobStatus"] == "Stopped"
    with pytest.raises(AwsError) as refused:
        cloud.train("j")
    assert refused.value.code == "ResourceInUse"


def test_an_endpoint_in_service_answers_again(cloud: Cloud) -> None:
    """An endpoint in service serves the same version after a restart; requests wait for it and none is refused."""
    in_service(cloud, "v1")
    cloud.restart()
    assert cloud.invoke(b"x").body == b"v1|x"
    assert status_of(cloud) == "InService"
    assert cloud.details("e") == []


def test_live_weights_and_counts_are_kept(cloud: Cloud) -> None:
    """What UpdateEndpointWeightsAndCapacities set is what runs after a restart, not the config's first values."""
    in_service(cloud, "v1")
    cloud.call(
        "UpdateEndpointWeightsAndCapacities",
        EndpointName="e",
        DesiredWeightsAndCapacities=[{"VariantName": "all", "DesiredInstanceCount": 2}],
    )
    wait_until(lambda: status_of(cloud) == "InService")
    cloud.restart()
    cloud.invoke(b"x")
    logs = cloud.state / "logs/sagemaker/endpoints/eu-west-1/e"
    assert sorted(path.stem for path in logs.iterdir()) == ["all-0", "all-1"]
    assert cloud.call("DescribeEndpoint", EndpointName="e")["ProductionVariants"][0]["CurrentInstanceCount"] == 2


def test_an_update_goes_on(cloud: Cloud, tmp_path: Path) -> None:
    """An update that the end of the cloud cut off is done by the next start, and the old version answers meanwhile."""
    sick = tmp_path / "sick"
    sick.touch()
    in_service(cloud, "v1")
    cloud.version("v2", Environment={"SICK_FILE": str(sick)})
    cloud.call("UpdateEndpoint", EndpointName="e", EndpointConfigName="v2")
    cloud.restart()
    assert cloud.invoke(b"x").body == b"v1|x"
    assert status_of(cloud) == "Updating"
    sick.unlink()
    wait_until(lambda: status_of(cloud) == "InService")
    assert cloud.invoke(b"x").body == b"v2|x"


def test_a_creation_and_a_deletion_go_on(cloud: Cloud, tmp_path: Path) -> None:
    """An endpoint that was being created gets in service after a restart; one that was being deleted goes."""
    sick = tmp_path / "sick"
    sick.touch()
    cloud.version("v1", Environment={"SICK_FILE": str(sick)})
    cloud.call("CreateEndpoint", EndpointName="e", EndpointConfigName="v1")
    cloud.restart()
    sick.unlink()
    wait_until(lambda: status_of(cloud) == "InService")
    cloud.call("DeleteEndpoint", EndpointName="e")
    cloud.restart()
    wait_until(lambda: cloud.call("ListEndpoints")["Endpoints"] == [])


def test_a_fleet_that_cannot_start_is_tried_again(cloud: Cloud, tmp_path: Path) -> None:
    """An endpoint whose server does not start again stays InService, answers 503, and serves once it can."""
    broken = tmp_path / "server.py"
    program = broken.read_text()
    in_service(cloud, "v1")
    broken.write_text("raise SystemExit(1)")
    cloud.restart()
    with pytest.raises(AwsError) as refused:
        cloud.invoke(b"x")
    assert (refused.value.code, refused.value.status) == ("ServiceUnavailable", 503)
    assert status_of(cloud) == "InService"
    broken.write_text(program)

    def answers() -> bool:
        try:
            return cloud.invoke(b"x").body == b"v1|x"
        except AwsError:
            return False

    wait_until(answers)


def test_a_pending_package_is_completed(make_cloud: Callable[..., Cloud]) -> None:
    """A model package that was Pending at the end is Completed after the next start."""
    cloud = make_cloud(delays={"model_package": 2.0})
    cloud.call("CreateModelPackageGroup", ModelPackageGroupName="g")
    specification = {
        "Containers": [{"Image": "server"}],
        "SupportedContentTypes": ["a/b"],
        "SupportedResponseMIMETypes": ["a/b"],
    }
    made = cloud.call("CreateModelPackage", ModelPackageGroupName="g", InferenceSpecification=specification)
    cloud.restart()
    cloud.wait("g", "Completed")
    assert cloud.call("DescribeModelPackage", ModelPackageName=made["ModelPackageArn"])["ModelPackageStatus"] == (
        "Completed"
    )


def test_all_resources_are_there_again(cloud: Cloud) -> None:
    """What Describe and List answered before a restart, they answer after it, to the last member."""
    in_service(cloud, "v1")
    cloud.train("j", {"answer": "1"}, Tags=[{"Key": "k", "Value": "v"}])
    cloud.wait("j", "Completed")

    def all_of_it() -> str:
        told = (
            cloud.call("DescribeTrainingJob", TrainingJobName="j"),
            cloud.call("DescribeModel", ModelName="v1"),
            cloud.call("DescribeEndpointConfig", EndpointConfigName="v1"),
            cloud.call("DescribeEndpoint", EndpointName="e"),
            cloud.call("ListTags", ResourceArn="arn:aws:sagemaker:eu-west-1:123456789012:training-job/j"),
            cloud.call("ListTrainingJobs"),
        )
        return json.dumps(told)

    before = all_of_it()
    cloud.restart()
    assert all_of_it() == before
