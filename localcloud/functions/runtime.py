"""The program in which Lambda functions run: imports the application, says what it declares, then executes.

Started as a file in the application's folder, on the standard library alone, so that it brings nothing into the
application's process that AWS would not (but for time-machine, where the cloud's clock is virtual: then the handler's
time of day is the cloud's). Being a process of its own, it reads its environment itself, as Lambda's runtime does. It
talks JSON lines over the standard input and output it was given and turns the application's own output to the log.
One invocation at a time, as in Lambda; a handler's error is an answer, the end of the process is not: the cloud sees
it as the crash that it is.
"""

import importlib
import json
import logging
import math
import os
import resource
import sys
import time
import traceback
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, BinaryIO

Json = dict[str, Any]
_AUTHORIZER_TTL = 300  # seconds; API Gateway's default


class LambdaContext:
    """What a handler is told about its invocation, with Lambda's own names."""

    function_version = "$LATEST"
    identity = None
    client_context = None

    def __init__(self, request: Mapping[str, Any], deadline: float) -> None:
        self.aws_request_id: str = request["request_id"]
        self.function_name: str = request["function_name"]
        self.invoked_function_arn: str = request["arn"]
        self.memory_limit_in_mb: str = str(request["memory"])
        self.log_group_name = f"/aws/lambda/{self.function_name}"
        self.log_stream_name: str = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self._deadline = deadline

    def get_remaining_time_in_millis(self) -> int:
        """Give what is left before the timeout."""
        return max(0, int((self._deadline - time.monotonic()) * 1000))


def declared_by(app: Any, module: str, attribute: str) -> Json:  # noqa: ANN401  a Chalice object; chalice is not imported here
    """Read what a Chalice application declares from Chalice's own objects."""
    functions = {function.name: function.handler_string for function in app.pure_lambda_functions}
    functions |= {source.name: source.handler_string for source in app.event_sources}
    functions |= {authorizer.name: authorizer.handler_string for authorizer in app.builtin_auth_handlers}
    if app.routes:
        functions["api_handler"] = f"{module}.{attribute}"
    return {
        "app_name": app.app_name,
        "functions": functions,
        "event_sources": [_source(source) for source in app.event_sources],
        "routes": [
            {
                "path": path,
                "method": method,
                "authorizer": route.authorizer.name if route.authorizer else None,
                "api_key_required": bool(route.api_key_required),
            }
            for path, methods in app.routes.items()
            for method, route in methods.items()
        ],
        "binary_types": list(app.api.binary_types),
        "authorizers": [
            {
                "name": authorizer.name,
                "header": authorizer.header,
                "ttl": _AUTHORIZER_TTL if authorizer.ttl_seconds is None else authorizer.ttl_seconds,
            }
            for authorizer in app.builtin_auth_handlers
        ],
    }


def _source(source: Any) -> Json:  # noqa: ANN401  a Chalice object
    declared: Json = {"kind": type(source).__name__, "name": source.name}
    if hasattr(source, "event_pattern"):
        declared["pattern"] = source.event_pattern
    if hasattr(source, "schedule_expression"):
        expression = source.schedule_expression
        declared["expression"] = expression if isinstance(expression, str) else expression.to_string()
    return declared


def execute(request: Mapping[str, Any], main_module: str) -> bytes:
    """Run one invocation; its result or its error, as the answer's line."""
    deadline = time.monotonic() + request["timeout"]
    # the process that said what the application declares was started before the name was known
    os.environ["AWS_LAMBDA_FUNCTION_NAME"] = request["function_name"]
    os.environ["AWS_LAMBDA_LOG_GROUP_NAME"] = f"/aws/lambda/{request['function_name']}"
    module, _, name = request["handler"].rpartition(".")
    try:
        # Chalice's handler strings say "app" for the module of the application, whatever its name is
        handler = getattr(importlib.import_module(main_module if module == "app" else module), name)
        with _time_of(request):
            result = handler(request["event"], LambdaContext(request, deadline))
    except Exception as error:  # noqa: BLE001  the process's outermost edge: Lambda answers with the handler's error
        return _line({"error": described(error)})
    try:
        line = _line({"result": result})
    except (TypeError, ValueError) as error:
        return _refused("Runtime.MarshalError", f"Unable to marshal response: {error}")
    if len(line) > request["limit"]:
        return _refused("Function.ResponseSizeTooLarge", f"Response payload size exceeded {request['limit']} bytes")
    return line


def _time_of(request: Mapping[str, Any]) -> AbstractContextManager[object]:
    """Let the time of day be that of a virtual clock; what measures durations stays real."""
    if "now" not in request:
        return nullcontext()
    import time_machine  # noqa: PLC0415  the one package that is not the standard library's, and seldom needed

    return time_machine.travel(request["now"], tick=True)


def _refused(kind: str, message: str) -> bytes:
    return _line({"error": {"errorType": kind, "errorMessage": message, "stackTrace": []}})


def _line(answer: Json) -> bytes:
    return json.dumps(answer).encode() + b"\n"


def described(error: BaseException) -> Json:
    """Describe an error as Lambda's answer does, and print it as Lambda's log does."""
    trace = traceback.format_tb(error.__traceback__)[1:]
    print(f"[ERROR] {type(error).__name__}: {error}\nTraceback (most recent call last):\n{''.join(trace)}", flush=True)  # noqa: T201  Lambda's log is what a function prints
    return {"errorType": type(error).__name__, "errorMessage": str(error), "stackTrace": trace}


def _take_channel() -> tuple[BinaryIO, BinaryIO]:
    """Take standard input and output for the cloud; leave the application an empty input and the log."""
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb", 0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    sys.stdout.reconfigure(line_buffering=True, errors="replace")  # type: ignore[union-attr]  # always a text file here
    return requests, answers


def _say(answers: BinaryIO, line: bytes) -> None:
    left = memoryview(line)
    while left:
        left = left[answers.write(left) :]


def main() -> None:
    """Import the application named by the first argument, declare it, execute until the cloud closes the channel."""
    requests, answers = _take_channel()
    sys.path.insert(0, os.getcwd())  # noqa: PTH109  the path as the application would see it
    logging.basicConfig(stream=sys.stdout, level=logging.WARNING, format="[%(levelname)s]\t%(name)s\t%(message)s")
    module, _, attribute = sys.argv[1].partition(":")
    try:
        declared = declared_by(getattr(importlib.import_module(module), attribute), module, attribute)
        _say(answers, _line({"wiring": declared}))
    except Exception as error:  # noqa: BLE001  the process's outermost edge: the cloud reports why it cannot start
        _say(answers, _line({"error": described(error)}))
        sys.exit(1)
    for line in requests:
        request = json.loads(line)
        name = f"RequestId: {request['request_id']}"
        _print(f"START {name} Version: $LATEST")
        begun = time.monotonic()
        answer = execute(request, module)
        spent = (time.monotonic() - begun) * 1000
        _print(f"END {name}")
        _print(
            f"REPORT {name}\tDuration: {spent:.2f} ms\tBilled Duration: {math.ceil(spent)} ms\t"
            f"Memory Size: {request['memory']} MB\tMax Memory Used: {_memory_used()} MB"
        )
        _say(answers, answer)


def _print(line: str) -> None:
    """Write a line of Lambda's own into the log; the NUL makes it one of its own, whatever stands before it."""
    sys.stdout.flush()
    sys.stderr.flush()
    os.write(2, f"\0{line}\n".encode())


def _memory_used() -> int:
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit // 1_048_576


if __name__ == "__main__":
    main()
