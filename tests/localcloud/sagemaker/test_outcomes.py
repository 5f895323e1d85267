from pathlib import Path

import pytest

from localcloud.errors import AwsError
from tests.localcloud.full_disk import files_up_to
from tests.localcloud.sagemaker.clouds import Cloud
from tests.localcloud.sagemaker.endpoint_steps import in_service, status_of, wait_until


def test_a_job_fails_on_request_without_its_work(cloud: Cloud) -> None:
    """A job whose failure was asked for ends with that reason and its event, and none of its processes ran."""
    cloud.faults.add({"job": "training-job/j", "outcome": "Failed", "reason": "InternalServerError: no capacity"})
    cloud.train("j")
    assert cloud.wait("j", "Failed")["FailureReason"] == "InternalServerError: no capacity"
    assert cloud.keys("models/j") == []
    cloud.train("j2")
    cloud.wait("j2", "Completed")


def test_a_job_fails_on_request_after_its_work(cloud: Cloud) -> None:
    """A job that is to fail after its work has stored its outputs, and is Failed all the same."""
    cloud.faults.add({"job": "training-job/*", "outcome": "Failed", "reason": "late", "when": "after"})
    cloud.train("j")
    assert cloud.wait("j", "Failed")["FailureReason"] == "late"
    assert cloud.keys("models/j")


def test_a_job_whose_end_finds_no_place_ends_later(cloud: Cloud, caplog: pytest.LogCaptureFixture) -> None:
    """A full disk keeps a job's end from being written: it is, as soon as there is place, and the queue goes on."""
    cloud.train("j", {"sleep": "0.3"})
    cloud.wait("j", "Training")
    (log,) = cloud.state.glob("*.db-wal")
    with files_up_to(log.stat().st_size):
        wait_until(lambda: "change_not_written" in caplog.text)
    cloud.wait("j", "Completed", "Failed")
    cloud.train("next")
    cloud.wait("next", "Completed")


def test_an_endpoint_that_finds_no_place_is_in_service_later(
    cloud: Cloud, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A full disk keeps an endpoint from being InService: it is, as soon as there is place, with that one server."""
    sick = tmp_path / "sick"
    sick.touch()
    cloud.version("v1", Environment={"SICK_FILE": str(sick)})
    cloud.call("CreateEndpoint", EndpointName="e", EndpointConfigName="v1")

    wait_until((cloud.state / "logs/sagemaker/endpoints/eu-west-1/e/all-0.log").exists)
    (log,) = cloud.state.glob("*.db-wal")
    with files_up_to(log.stat().st_size):
        sick.unlink()
        wait_until(lambda: "change_not_written" in caplog.text)
        assert status_of(cloud) == "Creating"
    cloud.wait("e", "IN_SERVICE")
    assert cloud.invoke(b"x").body == b"v1|x"


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_update_goes_back_silently(cloud: Cloud, when: str) -> None:
    """After a silent rollback the endpoint is InService on its old config, tells no reason, and serves on.

    Source: reliability row 32 (hashicorp/terraform-provider-aws, issue 48997).
    """
    in_service(cloud, "v1")
    cloud.version("v2")
    cloud.faults.add({"endpoint": "e", "outcome": "SilentRollback", "when": when})
    cloud.call("UpdateEndpoint", EndpointName="e", EndpointConfigName="v2")
    wait_until(lambda: status_of(cloud) == "InService")
    told = cloud.call("DescribeEndpoint", EndpointName="e")
    assert told["EndpointConfigName"] == "v1"
    assert "FailureReason" not in told
    assert cloud.invoke(b"x").body == b"v1|x"


def test_an_endpoint_fails_on_request(cloud: Cloud) -> None:
    """An endpoint whose failure was asked for is Failed with that reason, and can only be deleted."""
    cloud.version("v1")
    cloud.faults.add({"endpoint": "e", "outcome": "Failed", "reason": "no instances"})
    cloud.call("CreateEndpoint", EndpointName="e", EndpointConfigName="v1")
    assert cloud.wait("e", "FAILED")["FailureReason"] == "no instances"
    with pytest.raises(AwsError):
        cloud.call("UpdateEndpoint", EndpointName="e", EndpointConfigName="v1")
    cloud.call("DeleteEndpoint", EndpointName="e")
