"""Lambda: calls, events and their tries, destinations, concurrency, environments."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.contract.account import Account, refused
from tests.contract.clouds import LocalCloud
from tests.contract.queues import Queue, make_queue

Function = Callable[[str], str]


def call(aws: Account, name: str, event: Any = None, **more: Any) -> tuple[Any, dict[str, Any]]:
    """Call a function; its result, and the rest of the answer."""
    answer = aws.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event or {}).encode(), **more)
    return json.loads(answer["Payload"].read() or b"null"), answer


def failure_to(aws: Account, name: str, **more: Any) -> Queue:
    """Give a queue that gets what becomes of a function's failed events."""
    queue = make_queue(aws)
    aws.client("lambda").put_function_event_invoke_config(
        FunctionName=name, DestinationConfig={"OnFailure": {"Destination": queue.arn}}, **more
    )
    return queue


def test_a_call_gives_the_result(aws: Account, function: Function) -> None:
    """Invoke answers with the function's result as JSON, status 200 and $LATEST.

    Source: API Reference, Invoke.
    """
    told, answer = call(aws, function("echo"), {"n": [1, "ü"]})
    assert told["event"] == {"n": [1, "ü"]}
    assert (answer["StatusCode"], answer["ExecutedVersion"], "FunctionError" in answer) == (200, "$LATEST", False)


def test_an_error_is_an_answer(aws: Account, function: Function) -> None:
    """A function's exception is status 200 with FunctionError Unhandled, its type and its message.

    Source: API Reference, Invoke; Developer Guide, "Understanding the Lambda function invocation errors".
    """
    told, answer = call(aws, function("fails"))
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    assert (told["errorType"], told["errorMessage"]) == ("ValueError", "never")


def test_a_dry_run_calls_nothing(aws: Account, function: Function) -> None:
    """DryRun answers 204.

    Source: API Reference, Invoke, InvocationType.
    """
    assert call(aws, function("fails"), InvocationType="DryRun")[1]["StatusCode"] == 204


def test_an_event_is_accepted(aws: Account, function: Function) -> None:
    """An asynchronous invocation is answered 202, before the function ran.

    Source: API Reference, Invoke, InvocationType.
    """
    answer = call(aws, function("echo"), InvocationType="Event")[1]
    assert answer["StatusCode"] == 202


@pytest.mark.parametrize(("kind", "size"), [("RequestResponse", 6_291_556), ("Event", 1_048_576)])
def test_payloads_are_limited(aws: Account, function: Function, kind: str, size: int) -> None:
    """A call's payload is 6 MB at most and an event's 1 MB: RequestTooLargeException, 413.

    Source: Developer Guide, "Lambda quotas"; users: the exact numbers.
    """
    name, lambdas = function("echo"), aws.client("lambda")
    with pytest.raises(lambdas.exceptions.RequestTooLargeException):
        lambdas.invoke(FunctionName=name, InvocationType=kind, Payload=b'"%s"' % (b"x" * size))


def test_an_unknown_function(aws: Account) -> None:
    """Invoking a function that does not exist is a ResourceNotFoundException.

    Source: API Reference, Invoke, Errors.
    """
    assert refused(aws.client("lambda").invoke, FunctionName=aws.name())[0] == "ResourceNotFoundException"


def test_a_payload_is_json(aws: Account, function: Function) -> None:
    """A payload that is not JSON is an InvalidRequestContentException.

    Source: API Reference, Invoke, Errors.
    """
    told = refused(aws.client("lambda").invoke, FunctionName=function("echo"), Payload=b"{")
    assert told[0] == "InvalidRequestContentException"


def test_a_time_out_ends_the_call(aws: Account, function: Function) -> None:
    """A function that works longer than its Timeout is ended, and the answer says so.

    Source: Developer Guide, "Configure Lambda function timeout"; users: "Task timed out after 1.00 seconds".
    """
    name, lambdas = function("sleeps"), aws.client("lambda")
    lambdas.update_function_configuration(FunctionName=name, Timeout=1)
    aws.wait_for(lambda: lambdas.get_function_configuration(FunctionName=name).get("LastUpdateStatus") != "InProgress")
    told, answer = call(aws, name, {"seconds": 30})
    assert answer["FunctionError"] == "Unhandled"
    assert "Task timed out after 1.00 seconds" in told["errorMessage"]


def test_an_environment_is_the_functions_own(aws: Account, function: Function) -> None:
    """UpdateFunctionConfiguration gives a function variables, which another one does not have.

    Source: API Reference, UpdateFunctionConfiguration.
    """
    name, lambdas = function("echo"), aws.client("lambda")
    lambdas.update_function_configuration(FunctionName=name, Environment={"Variables": {"OWN": "1"}})
    aws.wait_for(lambda: lambdas.get_function_configuration(FunctionName=name).get("LastUpdateStatus") != "InProgress")
    assert call(aws, name)[0]["environment"] == {"OWN": "1"}
    other = lambdas.get_function_configuration(FunctionName=function("fails"))
    assert "OWN" not in other.get("Environment", {}).get("Variables", {})


def test_module_state_stays_in_a_warm_process(aws: Account, function: Function) -> None:
    """A second call may find the module as the first one left it.

    Source: Developer Guide, "Understanding the Lambda execution environment lifecycle".
    """
    counts = [call(aws, function("echo"))[0]["calls"] for _ in range(3)]
    assert counts[-1] > 1


def test_a_failed_event_is_tried_three_times(aws: Account, function: Function) -> None:
    """An event whose function fails is tried twice more; then the on-failure destination gets event and error.

    Source: Developer Guide, "Retaining records of asynchronous invocations" and "... handles errors and retries".
    """
    queue = failure_to(aws, function("fails"))
    call(aws, function("fails"), {"n": 1}, InvocationType="Event")
    (record,) = queue.documents()
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 3
    assert record["requestPayload"] == {"n": 1}
    assert record["responseContext"]["functionError"] == "Unhandled"
    assert record["responsePayload"]["errorMessage"] == "never"


def test_retries_can_be_fewer(aws: Account, function: Function) -> None:
    """With MaximumRetryAttempts 0 an event is tried once.

    Source: API Reference, PutFunctionEventInvokeConfig.
    """
    queue = failure_to(aws, function("fails"), MaximumRetryAttempts=0)
    call(aws, function("fails"), InvocationType="Event")
    (record,) = queue.documents()
    assert record["requestContext"]["approximateInvokeCount"] == 1


def test_three_retries_are_too_many(aws: Account, function: Function) -> None:
    """MaximumRetryAttempts is 0 to 2.

    Source: botocore's model, MaximumRetryAttempts.
    """
    put = aws.client("lambda").put_function_event_invoke_config
    code, _ = refused(put, FunctionName=function("fails"), MaximumRetryAttempts=3)
    assert code in {"ValidationException", "InvalidParameterValueException"}


def test_success_has_a_destination_too(aws: Account, function: Function) -> None:
    """OnSuccess gets the function's result.

    Source: Developer Guide, "Retaining records of asynchronous invocations".
    """
    queue = make_queue(aws)
    aws.client("lambda").put_function_event_invoke_config(
        FunctionName=function("echo"), DestinationConfig={"OnSuccess": {"Destination": queue.arn}}
    )
    call(aws, function("echo"), {"n": 1}, InvocationType="Event")
    (record,) = queue.documents()
    assert record["requestContext"]["condition"] == "Success"
    assert record["responsePayload"]["event"] == {"n": 1}


def test_reserved_concurrency_of_zero_stops_it(aws: Account, function: Function) -> None:
    """With a reserved concurrency of 0 calls are refused with TooManyRequestsException, until it is taken back.

    Source: Developer Guide, "Configuring reserved concurrency for a function".
    """
    name, lambdas = function("sleeps"), aws.client("lambda")
    lambdas.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    assert refused(lambdas.invoke, FunctionName=name)[0] == "TooManyRequestsException"
    lambdas.delete_function_concurrency(FunctionName=name)

    def again() -> Any:
        try:
            return call(aws, name, {"seconds": 0})[0]
        except lambdas.exceptions.TooManyRequestsException:
            return None

    assert aws.wait_for(again) == "awake"


@pytest.mark.local_only
def test_reserved_concurrency_limits_it(aws: Account, function: Function) -> None:
    """Beyond a reserved concurrency of 1 a second call is refused, with the reason.

    Source: Developer Guide, "Configuring reserved concurrency for a function"; API Reference, TooManyRequestsException.

    Local only: a real account refuses to reserve what leaves others fewer than 100 at once.
    """
    name, lambdas = function("sleeps"), aws.client("lambda")
    lambdas.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)

    def outcome(_: int) -> str:
        try:
            return str(call(aws, name, {"seconds": 0.7})[0])
        except lambdas.exceptions.TooManyRequestsException as error:
            return str(error.response["Reason"])

    with ThreadPoolExecutor(4) as pool:
        outcomes = set(pool.map(outcome, range(4)))
    lambdas.delete_function_concurrency(FunctionName=name)
    assert outcomes == {"awake", "ReservedFunctionConcurrentInvocationLimitExceeded"}


@pytest.mark.local_only
def test_dead_letters_are_listed_and_replayed(aws: Account, function: Function, cloud: LocalCloud) -> None:
    """An event given up without a destination is listed with its error, becomes a new event, and can be removed.

    Ours: on AWS it is dropped.
    """
    lambdas, name = aws.client("lambda"), function("sleeps")
    lambdas.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=0)
    call(aws, name, {"wrong": 1}, InvocationType="Event")

    def letters() -> list[dict[str, Any]]:
        return [each for each in cloud.page("dead-letters") if each["function"] == name]

    (letter,) = aws.wait_for(letters)
    assert (letter["event"], letter["error_type"]) == ({"wrong": 1}, "KeyError")
    assert cloud.page("dead-letters", {"replay": letter["id"]}) == {"replayed": 1}
    (again,) = aws.wait_for(letters)
    assert again["id"] != letter["id"]
    assert cloud.page("dead-letters", {"delete": again["id"]}) == {"deleted": 1}
    assert letters() == []


def test_functions_come_in_pages(aws: Account, function: Function) -> None:
    """ListFunctions gives each function once over its pages.

    Source: API Reference, ListFunctions.
    """
    made = {function(name) for name in ("echo", "fails", "sleeps")}
    pages = aws.client("lambda").get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 2})
    names = [each["FunctionName"] for page in pages for each in page["Functions"]]
    assert made <= set(names)
    assert len(names) == len(set(names))


def test_the_log_tail_comes_with_the_answer(aws: Account, function: Function) -> None:
    """With LogType Tail an answer holds the end of the function's log.

    Source: API Reference, Invoke, LogType.
    """
    assert call(aws, function("echo"), LogType="Tail")[1]["LogResult"]
