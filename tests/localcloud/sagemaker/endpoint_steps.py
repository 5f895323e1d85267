import time
from collections.abc import Callable
from typing import Any

from tests.localcloud.sagemaker.clouds import DEADLINE, Cloud


def in_service(cloud: Cloud, version: str = "v1", **model: Any) -> None:
    cloud.version(version, **model)
    cloud.call("CreateEndpoint", EndpointName="e", EndpointConfigName=version)
    cloud.wait("e", "IN_SERVICE", "FAILED")
    assert status_of(cloud) == "InService"


def status_of(cloud: Cloud) -> str:
    status: str = cloud.call("DescribeEndpoint", EndpointName="e")["EndpointStatus"]
    return status


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)
