import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from localcloud.errors import AwsError
from tests.localcloud.sagemaker.clouds import Cloud
from tests.localcloud.sagemaker.endpoint_steps import in_service, status_of, wait_until


def test_a_server_that_dies_comes_back(cloud: Cloud) -> None:
    """The request that killed it is a ModelError, sent once; those that come while it starts again are answered."""
    in_service(cloud)
    for _ in range(2):
        with pytest.raises(AwsError) as refused:
            cloud.invoke(b"die")
        assert (refused.value.code, refused.value.members["OriginalStatusCode"]) == ("ModelError", 0)
        assert cloud.invoke(b"x").body == b"v1|x"
    assert status_of(cloud) == "InService"


def test_requests_wait_for_a_server_no_longer_than_for_an_answer(
    make_cloud: Callable[..., Cloud], tmp_path: Path
) -> None:
    """Where the only server does not start again, an invocation is answered 503 after its time."""
    cloud = make_cloud(invocation=0.5)
    in_service(cloud)
    (tmp_path / "server.py").write_text("raise SystemExit(1)")
    with pytest.raises(AwsError, match="broke"):
        cloud.invoke(b"die")
    with pytest.raises(AwsError) as refused:
        cloud.invoke(b"x")
    assert (refused.value.code, refused.value.status) == ("ServiceUnavailable", 503)


def test_short_keep_alive_times_lose_no_request(cloud: Cloud) -> None:
    """A server that closes idle connections after a second never costs a request, whatever the pauses."""
    in_service(cloud, Environment={"KEEP_ALIVE": "1"})
    for pause in (0.0, 0.3, 0.9, 0.99, 1.0, 1.01, 1.1):
        time.sleep(pause)
        assert cloud.invoke(b"x").body == b"v1|x"


def test_a_folder_that_cannot_be_made_fails_the_endpoint(cloud: Cloud) -> None:
    """An endpoint whose files find no place fails with a reason, and does not stay in creation for ever."""
    cloud.version("v1")
    folder = cloud.state / "sagemaker"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "endpoints").write_text("in the way")
    cloud.call("CreateEndpoint", EndpointName="e", EndpointConfigName="v1")
    cloud.wait("e", "FAILED")
    assert "no folder" in cloud.call("DescribeEndpoint", EndpointName="e")["FailureReason"]


@pytest.mark.parametrize("work", ["deletion", "creation"])
def test_closing_does_not_wait_for_a_fleet(make_cloud: Callable[..., Cloud], work: str) -> None:
    """The end of the cloud cuts short the grace of a server that is deaf, and the start of one that is sick."""
    cloud = make_cloud(server_stop=60.0, ping_deadline=60.0)
    if work == "deletion":
        in_service(cloud, Environment={"DEAF": "1"})
        cloud.call("DeleteEndpoint", EndpointName="e")
        wait_until(lambda: status_of(cloud) == "Deleting")
    else:
        cloud.version("v1", Environment={"SICK": "1"})
        cloud.call("CreateEndpoint", EndpointName="e", EndpointConfigName="v1")
    cloud.sagemaker.stop()
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("sagemaker-endpoint")] == []


def test_a_server_that_hangs_holds_no_other_up(make_cloud: Callable[..., Cloud], tmp_path: Path) -> None:
    """While one server that ended does not get healthy again, another one that ended is started again."""
    cloud = make_cloud(ping_deadline=60.0)
    sick = tmp_path / "sick"
    for name, environment in (("hangs", {"SICK_FILE": str(sick)}), ("well", {})):
        cloud.version(name, Environment=environment)
        cloud.call("CreateEndpoint", EndpointName=name, EndpointConfigName=name)
        cloud.wait(name, "IN_SERVICE")
    sick.touch()
    for name in ("hangs", "well"):
        with pytest.raises(AwsError):
            cloud.invoke(b"die", name)

    def answers() -> bool:
        try:
            return cloud.invoke(b"x", "well").status == 200
        except AwsError:
            return False

    wait_until(answers)
