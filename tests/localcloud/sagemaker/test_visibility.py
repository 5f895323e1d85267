from collections.abc import Callable

import pytest

from localcloud.errors import AwsError
from tests.localcloud.sagemaker.clouds import Cloud


@pytest.fixture
def late(make_cloud: Callable[..., Cloud]) -> Cloud:
    """Give a cloud whose resources are seen after five seconds of its clock."""
    return make_cloud(delays={"visibility": 5.0}, virtual=True)


def test_a_new_resource_is_not_seen_at_once(late: Cloud) -> None:
    """Describe and List find it only after the delay; its name is taken at once (API Reference, CreateEndpoint)."""
    late.model("m")
    with pytest.raises(AwsError, match="Could not find model"):
        late.call("DescribeModel", ModelName="m")
    assert late.call("ListModels") == {"Models": []}
    with pytest.raises(AwsError, match="already existing model"):
        late.model("m")
    late.clock.advance(5)
    assert late.call("DescribeModel", ModelName="m")["ModelName"] == "m"
    assert len(late.call("ListModels")["Models"]) == 1


def test_a_config_just_created_is_not_there_for_create_endpoint(late: Cloud) -> None:
    """CreateEndpoint and UpdateEndpoint may not find a config yet, so retries are needed (API Reference)."""
    late.version("c")
    for operation in ("CreateEndpoint", "UpdateEndpoint"):
        with pytest.raises(AwsError, match="Could not find endpoint"):
            late.call(operation, EndpointName="e", EndpointConfigName="c")
    late.clock.advance(5)
    late.call("CreateEndpoint", EndpointName="e", EndpointConfigName="c")
    late.wait("e", "IN_SERVICE")


def test_the_cloud_itself_goes_on(late: Cloud) -> None:
    """A job that nobody sees yet runs all the same."""
    late.train("j", {"nothing": "1"}, OutputDataConfig={"S3OutputPath": "s3://nowhere/k"})
    late.wait("j", "Completed", "Failed")
    with pytest.raises(AwsError, match="Requested resource not found"):
        late.call("DescribeTrainingJob", TrainingJobName="j")


def test_by_default_it_is_seen_at_once(cloud: Cloud) -> None:
    """Without the setting nothing is hidden."""
    cloud.model("m")
    assert cloud.call("DescribeModel", ModelName="m")["ModelName"] == "m"
