import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localcloud.functions.conftest import PREFIX, call

Start = Callable[..., Any]
CONFIG = {
    "environment_variables": {"A": "file", "B": "file", "C": "file", "D": "file"},
    "stages": {
        "dev": {
            "environment_variables": {"B": "stage", "C": "stage", "D": "stage"},
            "lambda_functions": {
                "echo": {"environment_variables": {"C": "function", "D": "function"}, "lambda_memory_size": 256},
                "gated": {"reserved_concurrency": 2},
            },
        }
    },
}
QUEUE = "arn:aws:sqs:eu-central-1:123456789012:letters"


def code(error: Any) -> tuple[str, int]:
    return error.value.response["Error"]["Code"], error.value.response["ResponseMetadata"]["HTTPStatusCode"]


def test_call(start: Start) -> None:
    """A call answers with the function's result as JSON, by name, full ARN or partial ARN.

    Source: Lambda API Reference, Invoke.
    """
    cloud = start()
    told, answer = call(cloud, "echo", {"n": [1, "ü"]})
    assert (told["event"], answer["StatusCode"], answer["ExecutedVersion"]) == ({"n": [1, "ü"]}, 200, "$LATEST")
    assert "FunctionError" not in answer
    client = cloud.client("lambda")
    arn = client.get_function_configuration(FunctionName=f"{PREFIX}echo")["FunctionArn"]
    for name in (arn, f"{arn}:$LATEST", f"123456789012:function:{PREFIX}echo"):
        assert json.loads(client.invoke(FunctionName=name)["Payload"].read())["event"] == {}


def test_an_error_of_the_function(start: Start) -> None:
    """A handler's error is an answer with status 200 that says Unhandled. Source: Lambda API Reference, Invoke."""
    told, answer = call(start(), "fails", {})
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    assert (told["errorType"], told["errorMessage"]) == ("ValueError", "never")
    assert "raise ValueError" in told["stackTrace"][-1]
    assert told["requestId"]


def test_dry_run(start: Start, notes: Callable[[str], list[str]]) -> None:
    """A dry run answers 204 and calls nothing. Source: as above."""
    client = start().client("lambda")
    assert client.invoke(FunctionName=f"{PREFIX}fails", InvocationType="DryRun")["StatusCode"] == 204
    assert notes("tried") == []


@pytest.mark.parametrize(
    ("request_", "refused"),
    [
        ({"FunctionName": "nobody"}, ("ResourceNotFoundException", 404)),
        ({"FunctionName": f"{PREFIX}echo", "Qualifier": "7"}, ("ResourceNotFoundException", 404)),
        ({"FunctionName": f"{PREFIX}echo", "Payload": b"{"}, ("InvalidRequestContentException", 400)),
        ({"FunctionName": f"{PREFIX}echo", "Payload": b'"%s"' % (b"x" * 6_291_556)}, ("RequestTooLargeException", 413)),
        (
            {"FunctionName": f"{PREFIX}echo", "InvocationType": "Event", "Payload": b'"%s"' % (b"x" * 1_048_576)},
            ("RequestTooLargeException", 413),
        ),
        ({"FunctionName": f"{PREFIX}echo", "ClientContext": "e30="}, ("ValidationException", 400)),
        ({"FunctionName": f"{PREFIX}echo", "InvocationType": "Never"}, ("ValidationException", 400)),
    ],
)
def test_refused_calls(shared: Any, request_: dict[str, Any], refused: tuple[str, int]) -> None:
    """What cannot be called is refused by AWS's names: 6 MB for calls, 1 MB for events. Source: as above; quotas."""
    with pytest.raises(ClientError) as error:
        shared.invoke(**request_)
    assert code(error) == refused


def test_elsewhere(start: Start) -> None:
    """The functions are in the application's region only."""
    cloud = start()
    with pytest.raises(ClientError) as error:
        cloud.client("lambda", region="us-west-2").invoke(FunctionName=f"{PREFIX}echo")
    assert code(error) == ("ResourceNotFoundException", 404)


def test_list(start: Start) -> None:
    """ListFunctions gives all functions in pages. Source: Lambda API Reference, ListFunctions."""
    client = start().client("lambda")
    pages = client.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 3})
    names = [function["FunctionName"] for page in pages for function in page["Functions"]]
    expected = ("clocks", "echo", "fails", "gated", "hopes", "noted", "on_the_bus", "prints")
    assert names == [PREFIX + name for name in expected]


def test_each_function_has_its_environment(start: Start) -> None:
    """The environment is merged as Chalice merges it, and each function has its own, with its own process.

    Source: chalice.config.Config, `environment_variables`.
    """
    cloud = start(chalice_config=CONFIG, environment={"NOTES": "", "D": "command line"})
    told, _ = call(cloud, "echo", {})
    assert [told["environ"][name] for name in "ABCD"] == ["file", "stage", "function", "command line"]
    assert told["environ"]["AWS_LAMBDA_FUNCTION_NAME"] == f"{PREFIX}echo"
    assert told["environ"]["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "256"
    client = cloud.client("lambda")
    other = client.get_function_configuration(FunctionName=f"{PREFIX}gated")
    assert other["Environment"]["Variables"]["C"] == "stage"
    assert client.get_function(FunctionName=f"{PREFIX}gated")["Concurrency"] == {"ReservedConcurrentExecutions": 2}


def test_module_state_is_a_functions_own(start: Start) -> None:
    """A warm process serves its function again, with the module state it left."""
    cloud = start()
    first, second = (call(cloud, "echo", {})[0] for _ in range(2))
    assert (first["pid"], first["state"] + 1) == (second["pid"], second["state"])


def test_update_configuration(start: Start) -> None:
    """A changed environment, limit and memory hold from the next call on, and over a restart.

    Source: Lambda API Reference, UpdateFunctionConfiguration.
    """
    first = start()
    before, _ = call(first, "echo", {})
    client = first.client("lambda")
    notes = before["environ"]["NOTES"]
    client.update_function_configuration(
        FunctionName=f"{PREFIX}echo",
        Environment={"Variables": {"OWN": "new", "NOTES": notes}},
        Timeout=7,
        MemorySize=512,
        DeadLetterConfig={"TargetArn": QUEUE},
    )
    after, _ = call(first, "echo", {})
    assert (after["environ"]["OWN"], after["environ"]["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]) == ("new", "512")
    first.cloud.stop()
    told = start().client("lambda").get_function_configuration(FunctionName=f"{PREFIX}echo")
    assert (told["Timeout"], told["MemorySize"], told["DeadLetterConfig"]) == (7, 512, {"TargetArn": QUEUE})
    assert told["Environment"] == {"Variables": {"OWN": "new", "NOTES": notes}}


def test_concurrency(start: Start) -> None:
    """Reserved concurrency is set, told and taken back, over what the application declares.

    Source: Lambda API Reference, PutFunctionConcurrency.
    """
    client = start(chalice_config=CONFIG).client("lambda")
    name = f"{PREFIX}gated"
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    assert client.get_function_concurrency(FunctionName=name)["ReservedConcurrentExecutions"] == 1
    client.delete_function_concurrency(FunctionName=name)
    assert "ReservedConcurrentExecutions" not in client.get_function_concurrency(FunctionName=name)


def test_event_invoke_config(start: Start) -> None:
    """Put replaces the whole config, Update a part of it, Delete all; without one Get says so.

    Source: Lambda API Reference, PutFunctionEventInvokeConfig and UpdateFunctionEventInvokeConfig.
    """
    first = start()
    client, name = first.client("lambda"), f"{PREFIX}echo"
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_function_event_invoke_config(FunctionName=name)
    destination = {"OnFailure": {"Destination": QUEUE}}
    client.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=1, DestinationConfig=destination)
    client.update_function_event_invoke_config(FunctionName=name, MaximumEventAgeInSeconds=60)
    first.cloud.stop()
    client = start().client("lambda")
    told = client.get_function_event_invoke_config(FunctionName=name)
    assert (told["MaximumRetryAttempts"], told["MaximumEventAgeInSeconds"]) == (1, 60)
    assert told["DestinationConfig"] == destination
    assert told["FunctionArn"].endswith(f":{name}:$LATEST")
    client.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=2)
    assert "DestinationConfig" not in client.get_function_event_invoke_config(FunctionName=name)
    client.delete_function_event_invoke_config(FunctionName=name)
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.delete_function_event_invoke_config(FunctionName=name)


@pytest.mark.parametrize(
    ("operation", "members"),
    [
        ("put_function_event_invoke_config", {"MaximumRetryAttempts": 3}),
        ("put_function_event_invoke_config", {"DestinationConfig": {"OnFailure": {"Destination": "arn:aws:s3:::b"}}}),
        ("update_function_configuration", {"Role": "arn:aws:iam::123456789012:role/anyone"}),
        ("update_function_configuration", {"DeadLetterConfig": {"TargetArn": "arn:aws:s3:::b"}}),
    ],
)
def test_refused_settings(shared: Any, operation: str, members: dict[str, Any]) -> None:
    """A value out of AWS's bounds, or one that is not emulated, is refused by its name."""
    with pytest.raises(ClientError) as error:
        getattr(shared, operation)(FunctionName=f"{PREFIX}echo", **members)
    assert code(error) == ("ValidationException", 400)


def test_other_operations(shared: Any) -> None:
    """What is not emulated says so."""
    with pytest.raises(ClientError) as error:
        shared.delete_function(FunctionName=f"{PREFIX}echo")
    assert code(error) == ("NotImplemented", 501)
    assert error.value.response["Error"]["Message"] == "lambda.DeleteFunction is not emulated by the local cloud"


def test_history_names_operations(start: Start) -> None:
    """The history names the operation of a call, as for the other services."""
    cloud = start()
    call(cloud, "echo", {})
    assert ("lambda", "Invoke") in {(line["service"], line["operation"]) for line in cloud.history("call")}


@pytest.fixture
def shared(start: Start) -> Any:
    return start().client("lambda", parameter_validation=False)
