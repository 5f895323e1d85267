"""Endpoints: states, updates, traffic, invocations, captured data and metrics."""

import collections
import json
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from tests.contract.account import refused
from tests.contract.clouds import LocalCloud
from tests.contract.endpoints import Endpoints
from tests.contract.jobs import Jobs

pytestmark = pytest.mark.costs_money

SERVERLESS = {"MemorySizeInMB": 2048, "MaxConcurrency": 1}


@pytest.fixture(scope="module")
def first(endpoints: Endpoints) -> str:
    """Give a config whose model answers as `v1`."""
    return endpoints.version(VERSION="v1")


@pytest.fixture(scope="module")
def second(endpoints: Endpoints) -> str:
    return endpoints.version(VERSION="v2")


@pytest.fixture(scope="module")
def one(endpoints: Endpoints, first: str) -> str:
    """Give an endpoint in service that no test changes."""
    return endpoints.in_service(first)


@pytest.fixture(scope="module")
def moved(endpoints: Endpoints, first: str) -> str:
    """Give an endpoint in service that tests update."""
    return endpoints.in_service(first)


@pytest.fixture(scope="module")
def two(endpoints: Endpoints, jobs: Jobs) -> str:
    """Give an endpoint with two variants, A with all the weight."""
    variants = [
        {"VariantName": name, "ModelName": jobs.model(VERSION=name), "InitialVariantWeight": weight}
        for name, weight in (("A", 1.0), ("B", 0.0))
    ]
    return endpoints.in_service(endpoints.config(*variants))


def test_the_model_answers(endpoints: Endpoints, one: str) -> None:
    """InvokeEndpoint gives the container's body and content type, and names the variant.

    Source: API Reference (runtime), InvokeEndpoint.
    """
    answer = endpoints.invoke(one, b"1,2", ContentType="text/csv")
    assert answer["Body"].read() == b"v1|1,2"
    assert (answer["ContentType"], answer["InvokedProductionVariant"]) == ("text/csv", "all")


def test_headers_reach_the_model(endpoints: Endpoints, one: str) -> None:
    """ContentType, Accept, CustomAttributes and InferenceId reach the container as headers; the signature does not.

    Source: API Reference (runtime), InvokeEndpoint; that Authorization stays away is ours.
    """
    seen = endpoints.seen(one, ContentType="a/b", Accept="c/d", CustomAttributes="mine", InferenceId="id-1")["headers"]
    assert (seen["content-type"], seen["accept"]) == ("a/b", "c/d")
    assert seen["x-amzn-sagemaker-custom-attributes"] == "mine"
    assert seen["x-amzn-sagemaker-inference-id"] == "id-1"
    assert "authorization" not in seen


@pytest.mark.parametrize("status", [400, 503])
def test_an_error_of_the_model(endpoints: Endpoints, one: str, status: int) -> None:
    """A container's error is a ModelError (424) with the original status, its message and the log group.

    Source: API Reference (runtime), InvokeEndpoint, ModelError.
    """
    runtime = endpoints.aws.client("sagemaker-runtime")
    with pytest.raises(runtime.exceptions.ModelError) as error:
        endpoints.invoke(one, b"status %d" % status)
    told = error.value.response
    assert told["ResponseMetadata"]["HTTPStatusCode"] == 424
    assert (told["OriginalStatusCode"], told["OriginalMessage"]) == (status, "because")
    assert f"/aws/sagemaker/Endpoints/{one}" in told["LogStreamArn"]


@pytest.mark.local_only
def test_a_silent_model(endpoints: Endpoints, one: str, cloud: LocalCloud) -> None:
    """A container that does not answer within 60 seconds, here `invocation`, is a ModelError.

    Source: API Reference (runtime), InvokeEndpoint: 60 seconds; users: the text.
    """
    assert cloud.page("settings")["limits"]["invocation"] == 3
    runtime = endpoints.aws.client("sagemaker-runtime")
    with pytest.raises(runtime.exceptions.ModelError, match="timed out while waiting for a response"):
        endpoints.invoke(one, b"sleep 30")


def test_the_payload_is_limited(endpoints: Endpoints, one: str) -> None:
    """A body of 6,291,456 bytes is taken, and one more is not.

    Source: botocore's model (runtime), BodyBlob.
    """
    assert len(endpoints.ask(one, b"x" * 6_291_456)) == 6_291_459
    with pytest.raises(endpoints.aws.client("sagemaker-runtime").exceptions.ClientError) as error:
        endpoints.invoke(one, b"x" * 6_291_457)
    assert error.value.response["Error"]["Code"] == "ValidationError"


def test_an_unknown_endpoint_is_not_invoked(endpoints: Endpoints) -> None:
    """Invoking an endpoint that does not exist is a ValidationError with the account.

    Source: users (aws/amazon-sagemaker-examples#293): the text.
    """
    runtime, account = endpoints.aws.client("sagemaker-runtime"), endpoints.aws.account_id
    with pytest.raises(runtime.exceptions.ValidationError, match=f"Endpoint nobody of account {account} not found"):
        endpoints.invoke("nobody")


def test_weights_share_the_traffic(endpoints: Endpoints, two: str) -> None:
    """A variant of weight 0 gets nothing, unless TargetVariant names it.

    Source: Developer Guide, "Testing models with production variants".
    """
    assert {endpoints.ask(two) for _ in range(20)} == {b"A|x"}
    answer = endpoints.invoke(two, TargetVariant="B")
    assert (answer["Body"].read(), answer["InvokedProductionVariant"]) == (b"B|x", "B")


def test_an_unknown_variant_is_not_invoked(endpoints: Endpoints, two: str) -> None:
    """A TargetVariant that does not exist is a ValidationError.

    Source: API Reference (runtime), InvokeEndpoint, TargetVariant; users: the code.
    """
    with pytest.raises(endpoints.aws.client("sagemaker-runtime").exceptions.ValidationError):
        endpoints.invoke(two, TargetVariant="C")


def test_weights_change_in_place(endpoints: Endpoints, two: str) -> None:
    """UpdateEndpointWeightsAndCapacities moves traffic and instances of the servers that run.

    Source: API Reference, UpdateEndpointWeightsAndCapacities; that servers are not started again is ours.
    """
    before = endpoints.seen(two, TargetVariant="A")["pid"]
    wishes = [
        {"VariantName": "A", "DesiredWeight": 0.0},
        {"VariantName": "B", "DesiredWeight": 1.0, "DesiredInstanceCount": 2},
    ]
    endpoints.api.update_endpoint_weights_and_capacities(EndpointName=two, DesiredWeightsAndCapacities=wishes)
    assert endpoints.described(two)["EndpointStatus"] == "Updating"
    told = {each["VariantName"]: each for each in endpoints.settled(two)["ProductionVariants"]}
    assert (told["A"]["CurrentWeight"], told["B"]["CurrentWeight"]) == (0.0, 1.0)
    assert told["B"]["CurrentInstanceCount"] == told["B"]["DesiredInstanceCount"] == 2
    assert {endpoints.ask(two) for _ in range(10)} == {b"B|x"}
    assert endpoints.seen(two, TargetVariant="A")["pid"] == before


def test_instances_share_the_traffic(endpoints: Endpoints, first: str) -> None:
    """While one instance of a variant is busy, another one answers.

    Source: Developer Guide, "Deploy models for real-time inference"; that the least busy one is chosen is ours.
    """
    name = endpoints.in_service(first)
    wish = {"VariantName": "all", "DesiredInstanceCount": 2}
    endpoints.api.update_endpoint_weights_and_capacities(EndpointName=name, DesiredWeightsAndCapacities=[wish])
    endpoints.settled(name)
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: endpoints.ask(name, b"sleep 0.5"), range(2)))
    assert len({json.loads(answer)["pid"] for answer in answers}) == 2


def test_an_update_changes_the_model(endpoints: Endpoints, moved: str, first: str, second: str) -> None:
    """UpdateEndpoint answers with the new config's model once it is InService, and Describe names the config.

    Source: API Reference, UpdateEndpoint.
    """
    told = endpoints.update(moved, second)
    assert (told["EndpointStatus"], told["EndpointConfigName"]) == ("InService", second)
    assert endpoints.ask(moved) == b"v2|x"
    assert endpoints.update(moved, first)["EndpointConfigName"] == first


def test_an_update_loses_no_request(endpoints: Endpoints, moved: str, first: str, second: str) -> None:
    """During an update every request is answered, by the old model or the new one.

    Source: API Reference, UpdateEndpoint: "there is no loss of availability".
    """
    endpoints.update(moved, first)
    answers: list[bytes] = []
    done = threading.Event()

    def client() -> None:
        while not done.is_set():
            answers.append(endpoints.ask(moved))

    thread = threading.Thread(target=client)
    thread.start()
    try:
        endpoints.update(moved, second)
        endpoints.aws.wait_for(lambda: b"v2|x" in answers)
    finally:
        done.set()
        thread.join()
    turn = answers.index(b"v2|x")
    assert set(answers[:turn]) <= {b"v1|x"}
    assert set(answers[turn:]) == {b"v2|x"}


@pytest.mark.parametrize("environment", [{"DIE": "1"}, {"SICK": "1"}])
def test_a_failed_update_changes_nothing(
    endpoints: Endpoints, moved: str, first: str, environment: dict[str, str]
) -> None:
    """An update whose servers do not get healthy ends InService on the old config, with a FailureReason.

    Source: users (hashicorp/terraform-provider-aws#39099); API Reference, DescribeEndpoint, FailureReason.
    """
    endpoints.update(moved, first)
    told = endpoints.update(moved, endpoints.version(**environment))
    assert (told["EndpointStatus"], told["EndpointConfigName"]) == ("InService", first)
    assert told["FailureReason"]
    assert endpoints.ask(moved) == b"v1|x"


def test_the_reason_goes_with_the_next_update(endpoints: Endpoints, moved: str, first: str, second: str) -> None:
    """The FailureReason of a failed update is gone after the next one.

    Source: users (aws-controllers-k8s/sagemaker-controller).
    """
    assert "FailureReason" in endpoints.update(moved, endpoints.version(DIE="1"))
    assert "FailureReason" not in endpoints.update(moved, second)
    endpoints.update(moved, first)


@pytest.fixture(scope="module")
def sick(endpoints: Endpoints) -> str:
    return endpoints.version(SICK="1")


def test_an_endpoint_in_progress_is_left_alone(endpoints: Endpoints, sick: str) -> None:
    """While an endpoint is created, updating and deleting it, and deleting its config, are refused.

    Source: users: "Cannot update in-progress endpoint"; that the config's deletion is an error is ours.
    """
    name = endpoints.create(sick)
    arn = endpoints.aws.arn("sagemaker", f"endpoint/{name}")
    busy = ("ValidationException", f'Cannot update in-progress endpoint "{arn}".')
    assert refused(endpoints.api.update_endpoint, EndpointName=name, EndpointConfigName=sick) == busy
    assert refused(endpoints.api.delete_endpoint, EndpointName=name) == busy
    assert refused(endpoints.api.delete_endpoint_config, EndpointConfigName=sick)[0] == "ValidationException"
    assert endpoints.settled(name)["EndpointStatus"] == "Failed"


def test_a_failed_endpoint_can_only_be_deleted(endpoints: Endpoints, first: str) -> None:
    """An endpoint whose creation failed has a reason, is neither updated nor invoked, and can be deleted.

    Source: Developer Guide, DescribeEndpoint: Failed; users.
    """
    name = endpoints.create(endpoints.version(DIE="1"))
    told = endpoints.settled(name)
    assert told["EndpointStatus"] == "Failed"
    assert told["FailureReason"]
    code, _ = refused(endpoints.api.update_endpoint, EndpointName=name, EndpointConfigName=first)
    assert code == "ValidationException"
    with pytest.raises(endpoints.aws.client("sagemaker-runtime").exceptions.ValidationError):
        endpoints.invoke(name)
    endpoints.api.delete_endpoint(EndpointName=name)


def test_a_config_in_use_stays(endpoints: Endpoints, first: str, one: str) -> None:
    """The config of an endpoint in service is not deleted.

    Source: API Reference, DeleteEndpointConfig: "You must not delete"; that it is an error is ours.
    """
    assert endpoints.described(one)["EndpointConfigName"] == first
    code, _ = refused(endpoints.api.delete_endpoint_config, EndpointConfigName=first)
    assert code == "ValidationException"


def test_an_endpoints_name_is_taken(endpoints: Endpoints, first: str, one: str) -> None:
    """A second endpoint of a name is a ValidationException with the ARN of the first.

    Source: users (aws/amazon-sagemaker-examples#2491): the text.
    """
    told = refused(endpoints.api.create_endpoint, EndpointName=one, EndpointConfigName=first)
    arn = endpoints.aws.arn("sagemaker", f"endpoint/{one}")
    assert told == ("ValidationException", f'Cannot create already existing endpoint "{arn}".')


def test_an_endpoint_needs_its_config(endpoints: Endpoints) -> None:
    """An endpoint of a config that does not exist is refused.

    Source: users (hashicorp/terraform-provider-aws#40048): the text.
    """
    code, message = refused(endpoints.api.create_endpoint, EndpointName="e", EndpointConfigName="nobody")
    assert (code, 'Could not find endpoint configuration "arn' in message) == ("ValidationException", True)


def test_a_deleted_endpoint_is_gone(endpoints: Endpoints, first: str) -> None:
    """After DeleteEndpoint an endpoint is neither invoked nor, in the end, found.

    Source: API Reference, DeleteEndpoint; users: "Could not find endpoint".
    """
    name = endpoints.in_service(first)
    endpoints.api.delete_endpoint(EndpointName=name)
    with pytest.raises(endpoints.aws.client("sagemaker-runtime").exceptions.ValidationError):
        endpoints.invoke(name)
    waiter = endpoints.api.get_waiter("endpoint_deleted")
    waiter.wait(EndpointName=name, WaiterConfig={"Delay": endpoints.aws.pause, "MaxAttempts": 600})
    assert "Could not find endpoint" in refused(endpoints.api.describe_endpoint, EndpointName=name)[1]


def test_retained_properties(endpoints: Endpoints, second: str, first: str) -> None:
    """With RetainAllVariantProperties an update keeps the live instance count of variants of the same name.

    Source: API Reference, UpdateEndpoint, RetainAllVariantProperties.
    """
    name = endpoints.in_service(first)
    endpoints.api.update_endpoint_weights_and_capacities(
        EndpointName=name, DesiredWeightsAndCapacities=[{"VariantName": "all", "DesiredInstanceCount": 2}]
    )
    endpoints.settled(name)
    told = endpoints.update(name, second, RetainAllVariantProperties=True)
    assert told["ProductionVariants"][0]["CurrentInstanceCount"] == 2


def test_a_server_that_ends_is_started_again(endpoints: Endpoints, one: str) -> None:
    """A container that exits is started again, with the model's configuration; the request it died of is an error.

    Ours: AWS restarts containers too, and does not say how soon.
    """
    runtime = endpoints.aws.client("sagemaker-runtime")
    before = endpoints.seen(one)["pid"]
    with pytest.raises(runtime.exceptions.ModelError):
        endpoints.invoke(one, b"die")

    def again() -> Any:
        try:
            return endpoints.seen(one)["pid"]
        except runtime.exceptions.ModelError:
            return None

    assert endpoints.aws.wait_for(again) != before
    assert endpoints.ask(one) == b"v1|x"


def test_invocations_are_metrics(endpoints: Endpoints, one: str) -> None:
    """Invocations, errors and latencies are in AWS/SageMaker by endpoint and variant, and by config too.

    Source: Developer Guide, "Monitor Amazon SageMaker AI with Amazon CloudWatch".
    """
    endpoints.ask(one)
    metrics, now = endpoints.aws.client("cloudwatch"), datetime.now(UTC)
    variant = [{"Name": "EndpointName", "Value": one}, {"Name": "VariantName", "Value": "all"}]
    config = {"Name": "EndpointConfigName", "Value": endpoints.described(one)["EndpointConfigName"]}

    def total(name: str, dimensions: list[dict[str, str]]) -> float:
        points = metrics.get_metric_statistics(
            Namespace="AWS/SageMaker",
            MetricName=name,
            Dimensions=dimensions,
            StartTime=now - timedelta(minutes=10),
            EndTime=now + timedelta(minutes=10),
            Period=60,
            Statistics=["Sum"],
        )["Datapoints"]
        return float(sum(point["Sum"] for point in points))

    for dimensions in (variant, [*variant, config]):
        for name in ("Invocations", "ModelLatency", "OverheadLatency", "InvocationsPerInstance"):
            assert endpoints.aws.wait_for(partial(total, name, dimensions)) > 0


@pytest.fixture(scope="module")
def captured(endpoints: Endpoints, jobs: Jobs) -> tuple[str, list[str]]:
    """Invoke an endpoint that captures all; its name, and the keys of what was captured."""
    capture = {
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": jobs.aws.uri("captured"),
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"]},
    }
    variant = {"ModelName": jobs.model(VERSION="v1")}
    name = endpoints.in_service(endpoints.config(variant, DataCaptureConfig=capture))
    endpoints.ask(name, b"1,2", ContentType="text/csv", InferenceId="id-1")
    endpoints.ask(name, b"1,2", ContentType="text/plain")
    folder = jobs.aws.uri(f"captured/{name}/")

    def look() -> list[str] | None:
        keys = jobs.keys(folder)
        lines = b"".join(jobs.read(folder + key) for key in keys).splitlines()
        return keys if len(lines) == 2 else None

    return name, jobs.aws.wait_for(look)


def records(jobs: Jobs, captured: tuple[str, list[str]]) -> list[Any]:
    name, keys = captured
    text = b"".join(jobs.read(jobs.aws.uri(f"captured/{name}/{key}")) for key in keys)
    return [json.loads(line) for line in text.splitlines()]


def test_captured_files_lie_by_hours(captured: tuple[str, list[str]]) -> None:
    """Captured data lie at `<destination>/<endpoint>/<variant>/yyyy/mm/dd/hh/<file>.jsonl`, in UTC.

    Source: Developer Guide, "Capture data from real-time endpoint"; users: the name of the file.
    """
    for key in captured[1]:
        assert re.fullmatch(r"all/\d{4}/\d\d/\d\d/\d\d/\d\d-\d\d-\d\d\d-[0-9a-f-]{36}\.jsonl", key)


def test_captured_records(jobs: Jobs, captured: tuple[str, list[str]]) -> None:
    """A line holds both sides with mode, content type and encoding, and the event's id, time and inference id.

    Source: Developer Guide, "Capture data from real-time endpoint", the sample.
    """
    (record,) = (each for each in records(jobs, captured) if "inferenceId" in each["eventMetadata"])
    assert record["captureData"]["endpointInput"] == {
        "observedContentType": "text/csv",
        "mode": "INPUT",
        "data": "1,2",
        "encoding": "CSV",
    }
    assert record["captureData"]["endpointOutput"]["mode"] == "OUTPUT"
    assert (record["eventMetadata"]["inferenceId"], record["eventVersion"]) == ("id-1", "0")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", record["eventMetadata"]["inferenceTime"])


def test_unlisted_content_is_base64(jobs: Jobs, captured: tuple[str, list[str]]) -> None:
    """Content of a type that CaptureContentTypeHeader does not list is BASE64.

    Source: API Reference, CaptureContentTypeHeader.
    """
    (record,) = (each for each in records(jobs, captured) if "inferenceId" not in each["eventMetadata"])
    told = record["captureData"]["endpointInput"]
    assert (told["data"], told["encoding"]) == ("MSwy", "BASE64")


@pytest.fixture(scope="module")
def serverless(endpoints: Endpoints, jobs: Jobs) -> str:
    variant = {"ModelName": jobs.model(VERSION="v1"), "ServerlessConfig": SERVERLESS}
    return endpoints.in_service(endpoints.config(variant))


def test_a_serverless_endpoint_has_no_instances(endpoints: Endpoints, serverless: str) -> None:
    """DescribeEndpoint tells a serverless variant's memory and concurrency, and no instance count.

    Source: botocore's model, ProductionVariantSummary.
    """
    (variant,) = endpoints.described(serverless)["ProductionVariants"]
    assert variant["CurrentServerlessConfig"] == SERVERLESS
    assert "CurrentInstanceCount" not in variant


def test_a_serverless_payload_is_four_megabytes(endpoints: Endpoints, serverless: str) -> None:
    """A serverless endpoint takes 4 MB, and not a byte more.

    Source: Developer Guide, "Serverless Inference"; the words are users'.
    """
    assert endpoints.ask(serverless, b"x" * 4_194_304)
    with pytest.raises(endpoints.aws.client("sagemaker-runtime").exceptions.ValidationError):
        endpoints.invoke(serverless, b"x" * 4_194_305)


def test_beyond_its_concurrency_it_throttles(endpoints: Endpoints, serverless: str) -> None:
    """Invocations beyond MaxConcurrency are throttled, not queued.

    Source: Developer Guide, "Serverless Inference"; users: ThrottlingException.
    """

    def outcome(_: int) -> str:
        try:
            endpoints.ask(serverless, b"sleep 0.7")
        except endpoints.aws.client("sagemaker-runtime").exceptions.ClientError as error:
            return str(error.response["Error"]["Code"])
        return "answered"

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(outcome, range(4))) == {"answered", "ThrottlingException"}


def test_traffic_is_shared_by_weight(endpoints: Endpoints, jobs: Jobs) -> None:
    """Variants get their share of the weights.

    Source: API Reference, ProductionVariant, InitialVariantWeight.
    """
    variants = [
        {"VariantName": name, "ModelName": jobs.model(VERSION=name), "InitialVariantWeight": weight}
        for name, weight in (("A", 3.0), ("B", 1.0))
    ]
    name = endpoints.in_service(endpoints.config(*variants))
    counts = collections.Counter(endpoints.ask(name) for _ in range(200))
    assert 110 < counts[b"A|x"] < 190  # 150 expected, standard deviation 6.1
