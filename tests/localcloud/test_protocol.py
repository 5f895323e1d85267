import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.errors import AwsError
from localcloud.protocol import parse, render, render_error

CONFIG = {
    "EndpointConfigName": "config",
    "ProductionVariants": [
        {"VariantName": "v", "ModelName": "m", "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
    ],
}


def ask(operation: str, **members: Any) -> dict[str, Any]:
    return parse("sagemaker", operation, json.dumps(members).encode())


def test_a_good_request_comes_back() -> None:
    """A request that the model allows is given as it is."""
    assert ask("CreateEndpointConfig", **CONFIG) == CONFIG


@pytest.mark.parametrize(
    ("operation", "members", "parts"),
    [
        ("CreateEndpoint", {"EndpointName": "e"}, ["EndpointConfigName"]),
        ("CreateEndpoint", {"EndpointName": 1, "EndpointConfigName": "c"}, ["EndpointName", "<class 'str'>"]),
        ("CreateEndpoint", {"EndpointName": "a" * 64, "EndpointConfigName": "c"}, ["'endpointName'", "63"]),
        ("CreateEndpoint", {"EndpointName": "under_score", "EndpointConfigName": "c"}, ["'endpointName'", "pattern"]),
        ("CreateEndpoint", {"EndpointName": "end-", "EndpointConfigName": "c"}, ["'endpointName'", "pattern"]),
        ("ListEndpoints", {"SortBy": "Size"}, ["'sortBy'", "enum", "CreationTime"]),
        ("ListEndpoints", {"MaxResults": 101}, ["'maxResults'", "100"]),
        ("ListEndpoints", {"MaxResults": 0}, ["MaxResults", "1"]),
        ("CreateEndpointConfig", {"EndpointConfigName": "c", "ProductionVariants": []}, ["ProductionVariants", "1"]),
        (
            "CreateEndpointConfig",
            {**CONFIG, "ProductionVariants": CONFIG["ProductionVariants"] * 11},  # type: ignore[operator]  # a list
            ["'productionVariants'", "10"],
        ),
        (
            "CreateModel",
            {"ModelName": "m", "PrimaryContainer": {"Environment": {"K": "v" * 102_401}}},
            ["'primaryContainer.environment.K'", "less than or equal"],
        ),
    ],
)
def test_refused(operation: str, members: dict[str, Any], parts: list[str]) -> None:
    """What the model does not allow is a ValidationException that names the member and its limit."""
    with pytest.raises(AwsError) as refused:
        ask(operation, **members)
    assert (refused.value.code, refused.value.status) == ("ValidationException", 400)
    assert all(part in refused.value.message for part in parts), refused.value.message


def test_unknown_members_are_ignored() -> None:
    """Members that the model does not have, and those that are null, are dropped, at any depth."""
    variant = {**CONFIG["ProductionVariants"][0], "Invented": 1, "InitialVariantWeight": None}  # type: ignore[dict-item]  # a list of dicts
    members = {**CONFIG, "Unknown": {"a": 1}, "ProductionVariants": [variant]}
    assert ask("CreateEndpointConfig", **members) == CONFIG


@pytest.mark.parametrize("body", [b"{", b"[]", b'"text"', b"\xff"])
def test_not_json(body: bytes) -> None:
    """A body that is no JSON object is a SerializationException."""
    with pytest.raises(AwsError) as refused:
        parse("sagemaker", "ListEndpoints", body)
    assert refused.value.code == "SerializationException"


def test_empty_body() -> None:
    """No body is an empty request."""
    assert parse("sagemaker", "ListEndpoints", b"") == {}


@pytest.mark.parametrize(("service", "operation"), [("sagemaker", "MakeCoffee"), ("coffee", "Make")])
def test_unknown_operation(service: str, operation: str) -> None:
    """An operation that no model has is an UnknownOperationException."""
    with pytest.raises(AwsError) as refused:
        parse(service, operation, b"{}")
    assert refused.value.code == "UnknownOperationException"


def test_timestamps_in_requests() -> None:
    """Timestamps arrive as aware datetimes."""
    assert ask("ListEndpoints", CreationTimeAfter=0.5)["CreationTimeAfter"] == datetime.fromtimestamp(0.5, UTC)


@given(st.datetimes(min_value=datetime(1980, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001  hypothesis wants naive bounds
def test_answers(time: datetime) -> None:
    """An answer has the model's members only, without None, its timestamps as seconds."""
    answer = {"EndpointName": "e", "CreationTime": time, "FailureReason": None, "Own": 1}
    rendered = json.loads(render("sagemaker", "DescribeEndpoint", answer))
    assert rendered == {"EndpointName": "e", "CreationTime": time.timestamp()}


def test_operation_without_answer() -> None:
    """An operation whose model has no output answers an empty object."""
    assert render("sagemaker", "DeleteEndpoint", {"anything": 1}) == b"{}"


def test_errors() -> None:
    """An error has its code as type, its message, and its shape's own members."""
    error = AwsError("ResourceInUse", "taken", 400, {"Arn": "arn:x"})
    assert json.loads(render_error(error)) == {
        "__type": "ResourceInUse",
        "message": "taken",
        "Message": "taken",
        "Arn": "arn:x",
    }


def test_timestamps_without_a_zone_are_utc() -> None:
    """A text without an offset means UTC, so that it can be compared."""
    time = ask("ListEndpoints", CreationTimeAfter="2026-01-02T03:04:05")["CreationTimeAfter"]
    assert time == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_numbers_that_json_does_not_have(number: str) -> None:
    """AWS's JSON writes them as texts, which are read as the numbers they are (Source: botocore's serializer)."""
    body = json.dumps({"Namespace": "n", "MetricData": [{"MetricName": "m", "Value": number}]}).encode()
    (datum,) = parse("cloudwatch", "PutMetricData", body)["MetricData"]
    assert str(datum["Value"]) == str(float(number))


def test_refused_in_the_words_that_users_report() -> None:
    """Errors are counted, values repeated and members named as AWS does. Source: users (zenml-io/zenml#1502)."""
    with pytest.raises(AwsError) as refused:
        ask("CreateEndpoint", EndpointName="a_" * 32, EndpointConfigName="c")
    assert refused.value.message == (
        f"2 validation errors detected: Value '{'a_' * 32}' at 'endpointName' failed to satisfy constraint: "
        f"Member must have length less than or equal to 63; Value '{'a_' * 32}' at 'endpointName' failed to satisfy "
        "constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"
    )
