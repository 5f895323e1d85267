import collections
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from localcloud.errors import AwsError
from tests.localcloud.sagemaker.clouds import DEADLINE, Cloud
from tests.localcloud.sagemaker.endpoint_steps import in_service, status_of, wait_until


def gone(cloud: Cloud) -> bool:
    try:
        cloud.call("DescribeEndpoint", EndpointName="e")
    except AwsError as error:
        return "Could not find endpoint" in error.message
    return False


def test_the_whole_chain(cloud: Cloud) -> None:
    """A trained artifact is unpacked into the server's model folder and answers."""
    cloud.train("j", {"answer": "42"})
    cloud.wait("j", "Completed")
    artifact = cloud.call("DescribeTrainingJob", TrainingJobName="j")["ModelArtifacts"]["S3ModelArtifacts"]
    in_service(cloud, ModelDataUrl=artifact)
    told = json.loads(cloud.invoke(b"describe").body)
    assert told["model"] == {"answer": "42"}
    assert [each["EndpointStatus"] for each in cloud.details("e")] == ["CREATING", "IN_SERVICE"]
    detail = cloud.details("e")[-1]
    assert isinstance(detail["CreationTime"], int)
    assert detail["ProductionVariants"] == [{"DesiredWeight": 1.0, "DesiredInstanceCount": 1}]
    variant = cloud.call("DescribeEndpoint", EndpointName="e")["ProductionVariants"][0]
    assert (variant["VariantName"], variant["CurrentWeight"], variant["CurrentInstanceCount"]) == ("all", 1.0, 1)
    assert variant["DeployedImages"][0]["SpecifiedImage"] == "server"


def test_headers_go_through_both_ways(cloud: Cloud) -> None:
    """What AWS passes on reaches the model, and of its answer only what AWS passes on comes back."""
    in_service(cloud)
    answer = cloud.invoke(
        b"describe",
        Content_Type="text/plain",
        Accept="application/json",
        X_Amzn_SageMaker_Custom_Attributes="mine",
        X_Amzn_SageMaker_Inference_Id="id-1",
        Authorization="never",
    )
    seen = json.loads(answer.body)["headers"]
    assert (seen["Content-Type"], seen["Accept"]) == ("text/plain", "application/json")
    lower = {name.lower(): value for name, value in seen.items()}
    assert lower["x-amzn-sagemaker-custom-attributes"] == "mine"
    assert lower["x-amzn-sagemaker-inference-id"] == "id-1"
    assert "authorization" not in lower
    assert answer.status == 200
    assert answer.headers == {
        "Content-Type": "application/json",
        "x-Amzn-Invoked-Production-Variant": "all",
        "x-amzn-sagemaker-custom-attributes": "from-the-model",
    }


@pytest.mark.parametrize(("status", "side"), [(400, "client"), (503, "server"), (302, "client")])
def test_an_error_of_the_model_is_a_model_error(cloud: Cloud, status: int, side: str) -> None:
    """Whatever is not success comes back as 424 with the original status and message."""
    in_service(cloud)
    with pytest.raises(AwsError) as refused:
        cloud.invoke(b"status %d" % status)
    error = refused.value
    assert (error.code, error.status) == ("ModelError", 424)
    assert (error.members["OriginalStatusCode"], error.members["OriginalMessage"]) == (status, "because")
    assert str(error.members["LogStreamArn"]).endswith("log-group:/aws/sagemaker/Endpoints/e")
    assert error.message.startswith(f'Received {side} error ({status}) from primary with message "because"')


def test_a_silent_model_is_a_model_error(make_cloud: Callable[..., Cloud]) -> None:
    """No answer in time is AWS's time-out, and the next request is answered."""
    cloud = make_cloud(invocation=0.5)
    in_service(cloud)
    with pytest.raises(AwsError, match="invocation timed out while waiting for a response") as refused:
        cloud.invoke(b"sleep 30")
    assert refused.value.members["OriginalStatusCode"] == 0
    assert cloud.invoke(b"x").body == b"v1|x"


def test_what_cannot_be_asked_is_a_validation_error(cloud: Cloud) -> None:
    """An unknown endpoint or variant and a payload above the limit are refused in AWS's words."""
    with pytest.raises(AwsError) as unknown:
        cloud.invoke(b"x")
    assert (unknown.value.code, unknown.value.message) == (
        "ValidationError",
        "Endpoint e of account 123456789012 not found.",
    )
    in_service(cloud)
    with pytest.raises(AwsError, match="6291456") as large:
        cloud.invoke(b"x" * 6_291_457)
    assert large.value.code == "ValidationError"
    assert len(cloud.invoke(b"x" * 6_291_456).body) == 6_291_456 + 3
    with pytest.raises(AwsError, match="Variant other not found"):
        cloud.invoke(b"x", X_Amzn_SageMaker_Target_Variant="other")


def test_variants_share_the_traffic_by_weight(cloud: Cloud) -> None:
    """Weights decide, a weight of zero gets nothing, a target variant overrides them, instances share."""
    for name in ("a", "b", "c"):
        cloud.model(name, Environment={"VERSION": name})
    cloud.config(
        "config",
        {"VariantName": "A", "ModelName": "a", "InitialVariantWeight": 3.0},
        {"VariantName": "B", "ModelName": "b", "InitialVariantWeight": 1.0, "InitialInstanceCount": 2},
        {"VariantName": "C", "ModelName": "c", "InitialVariantWeight": 0.0},
    )
    cloud.call("CreateEndpoint", EndpointName="e", EndpointConfigName="config")
    cloud.wait("e", "IN_SERVICE")
    counts = collections.Counter(cloud.invoke(b"").headers["x-Amzn-Invoked-Production-Variant"] for _ in range(400))
    assert counts["C"] == 0
    assert 240 < counts["A"] < 360  # 300 expected, standard deviation 8.7
    answer = cloud.invoke(b"x", X_Amzn_SageMaker_Target_Variant="C")
    assert (answer.body, answer.headers["x-Amzn-Invoked-Production-Variant"]) == (b"c|x", "C")


def test_an_update_loses_no_request(cloud: Cloud) -> None:
    """Eight clients and a slow request in flight at the swap are all answered; the version never goes back."""
    in_service(cloud)
    cloud.version("v2")
    stop = threading.Event()
    seen: list[list[bytes]] = [[] for _ in range(8)]
    errors: list[Exception] = []

    def client(answers: list[bytes]) -> None:
        while not stop.is_set():
            try:
                answers.append(cloud.invoke(b"x").body)
            except AwsError as error:
                errors.append(error)

    slow: list[bytes] = []
    threads = [threading.Thread(target=client, args=(answers,)) for answers in seen]
    threads.append(threading.Thread(target=lambda: slow.append(cloud.invoke(b"sleep 2").body)))
    for thread in threads:
        thread.start()
    wait_until(lambda: all(len(answers) > 10 for answers in seen))
    cloud.call("UpdateEndpoint", EndpointName="e", EndpointConfigName="v2")
    try:
        wait_until(lambda: all(b"v2|x" in answers for answers in seen))
        wait_until(lambda: bool(slow))
        before = [len(answers) for answers in seen]
        wait_until(lambda: all(len(answers) > count + 50 for answers, count in zip(seen, before, strict=True)))
    finally:
        stop.set()
        for thread in threads:
            thread.join(DEADLINE)
    assert errors == []
    assert slow == [b"v1|sleep 2"]
    for answers in seen:
        first = answers.index(b"v2|x")
        assert set(answers[:first]) == {b"v1|x"}
        assert set(answers[first:]) == {b"v2|x"}
    assert [each["EndpointStatus"] for each in cloud.details("e")] == [
        "CREATING",
        "IN_SERVICE",
        "UPDATING",
        "IN_SERVICE",
    ]
    assert cloud.call("DescribeEndpoint", EndpointName="e")["EndpointConfigName"] == "v2"


def test_the_old_server_is_stopped_after_the_update(cloud: Cloud) -> None:
    """Its folder goes once it has ended; the new one's stays."""
    in_service(cloud)
    old = json.loads(cloud.invoke(b"describe").body)["base"]
    cloud.version("v2")
    cloud.call("UpdateEndpoint", EndpointName="e", EndpointConfigName="v2")
    wait_until(lambda: status_of(cloud) == "InService")
    folders = cloud.state / "sagemaker" / "endpoints" / "eu-west-1" / "e" / "all-0"
    wait_until(lambda: len(list(folders.iterdir())) == 1)
    assert str(next(folders.iterdir())) != old


@pytest.mark.parametrize(
    ("image", "environment", "reason"),
    [
        ("server", {"DIE": "1"}, "could not be started: the container ended before it was healthy"),
        ("server", {"SICK": "1"}, "did not pass the ping health check"),
        ("unknown", {}, "CannotPullContainerError"),
    ],
)
def test_a_failed_update_keeps_the_old_fleet(
    make_cloud: Callable[..., Cloud], image: str, environment: dict[str, str], reason: str
) -> None:
    """The old config answers all the while; InService comes back with the reason, which the next update removes."""
    cloud = make_cloud(ping_deadline=1.5)
    in_service(cloud)
    cloud.model("bad", image, Environment=environment)
    cloud.config("bad", {"ModelName": "bad"})
    cloud.call("UpdateEndpoint", EndpointName="e", EndpointConfigName="bad")
    wait_until(lambda: status_of(cloud) == "InService")
    told = cloud.call("DescribeEndpoint", EndpointName="e")
    assert told["EndpointConfigName"] == "v1"
    assert reason in told["FailureReason"]
    assert str(cloud.state) not in told["FailureReason"]
    assert cloud.invoke(b"x").body == b"v1|x"
    cloud.version("v2")
    cloud.call("UpdateEndpoint", EndpointName="e", EndpointConfigName="v2")
    assert "FailureReason" not in cloud.call("DescribeEndpoint", EndpointName="e")
    wait_until(lambda: cloud.invoke(b"x").body == b"v2|x")
    cloud.call("DeleteEndpointConfig", EndpointConfigName="bad")


def test_a_failed_endpoint_can_only_be_deleted(cloud: Cloud) -> None:
    """Failed with a reason; no update, no answer; deletion makes the name free."""
    cloud.version("v1", Environment={"DIE": "1"})
    cloud.call("CreateEndpoint", EndpointName="e", EndpointConfigName="v1")
    assert "could not be started" in cloud.wait("e", "FAILED")["FailureReason"]
    with pytest.raises(AwsError, match="in status Failed"):
        cloud.call("UpdateEndpoint", EndpointName="e", EndpointConfigName="v1")
    with pytest.raises(AwsError, match="not found"):
        cloud.invoke(b"x")
    cloud.call("DeleteEndpoint", EndpointName="e")
    wait_until(lambda: gone(cloud))
    cloud.version("v2")
    cloud.call("CreateEndpoint", EndpointName="e", EndpointConfigName="v2")
    cloud.wait("e", "IN_SERVICE")


def test_an_endpoint_in_progress_is_left_alone(cloud: Cloud) -> None:
    """While it is made or changed, update and delete are refused in AWS's words, and its configs stay."""
    cloud.version("v1", Environment={"SICK": "1"})
    cloud.call("CreateEndpoint", EndpointName="e", EndpointConfigName="v1")
    for operation, more in (("UpdateEndpoint", {"EndpointConfigName": "v1"}), ("DeleteEndpoint", {})):
        with pytest.raises(AwsError) as refused:
            cloud.call(operation, EndpointName="e", **more)
        assert refused.value.message == (
            'Cannot update in-progress endpoint "arn:aws:sagemaker:eu-west-1:123456789012:endpoint/e".'
        )
    with pytest.raises(AwsError, match="in use by endpoint"):
        cloud.call("DeleteEndpointConfig", EndpointConfigName="v1")


def test_configs_of_a_running_update_stay(cloud: Cloud) -> None:
    """Neither the config that answers nor the one that is coming can be deleted."""
    in_service(cloud)
    cloud.version("v2", Environment={"SICK": "1"})
    cloud.call("UpdateEndpoint", EndpointName="e", EndpointConfigName="v2")
    for config in ("v1", "v2"):
        with pytest.raises(AwsError, match="in use by endpoint"):
            cloud.call("DeleteEndpointConfig", EndpointConfigName=config)


def test_what_an_endpoint_needs(cloud: Cloud) -> None:
    """Config and endpoint must exist, and a name is used once."""
    with pytest.raises(AwsError, match='Could not find endpoint configuration "arn'):
        cloud.call("CreateEndpoint", EndpointName="e", EndpointConfigName="nobody")
    with pytest.raises(AwsError, match='Could not find endpoint "arn'):
        cloud.call("UpdateEndpoint", EndpointName="e", EndpointConfigName="nobody")
    in_service(cloud)
    with pytest.raises(AwsError, match='Could not find endpoint configuration "arn'):
        cloud.call("UpdateEndpoint", EndpointName="e", EndpointConfigName="nobody")
    with pytest.raises(AwsError, match='Cannot create already existing endpoint "arn'):
        cloud.call("CreateEndpoint", EndpointName="e", EndpointConfigName="v1")
    with pytest.raises(AwsError, match="RetainDeploymentConfig=True is not emulated"):
        cloud.call("UpdateEndpoint", EndpointName="e", EndpointConfigName="v1", RetainDeploymentConfig=True)


def test_deletion_stops_the_servers(cloud: Cloud) -> None:
    """A request in flight is still answered; then servers and endpoint are gone."""
    in_service(cloud)
    answers: list[bytes] = []
    slow = threading.Thread(target=lambda: answers.append(cloud.invoke(b"sleep 1").body))
    slow.start()
    wait_until(lambda: any(i.in_flight for i in _instances(cloud)))
    cloud.call("DeleteEndpoint", EndpointName="e")
    with pytest.raises(AwsError, match="not found"):
        cloud.invoke(b"x")
    wait_until(lambda: gone(cloud))
    slow.join(DEADLINE)
    assert answers == [b"v1|sleep 1"]
    assert list((cloud.state / "sagemaker").rglob("model")) == []


def _instances(cloud: Cloud) -> list[Any]:
    fleets = cloud.sagemaker._endpoints.router._fleets.values()  # noqa: SLF001  there is no other sign of it
    return [instance for fleet in fleets for variant in fleet.variants.values() for instance in variant.instances]


def test_what_is_not_emulated_says_so(cloud: Cloud) -> None:
    """An operation we do not have is 501 with its name."""
    with pytest.raises(AwsError, match=r"sagemaker\.CreateDomain is not emulated") as refused:
        cloud.call("CreateDomain")
    assert refused.value.status == 501
