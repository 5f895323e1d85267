"""One sandbox as the cloud sees it: a process of one function, replaced when it crashes or takes too long."""

import json
import signal
import sys
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localcloud import environment
from localcloud.clock import Clock
from localcloud.errors import AnswerTooLargeError, ChannelClosedError, WorkerError
from localcloud.functions.channel import Channel
from localcloud.functions.invocations import EXITED, Failure, Invocation, Outcome
from localcloud.functions.printed import Printed, Readers
from localcloud.processes import Child, Processes
from localcloud.settings import Settings
from localcloud.wiring import Function, function_arn

_PROGRAM = Path(__file__).with_name("runtime.py")
_OVERHEAD = 1_048_576  # bytes of an answer beside its result: names, stack traces
_TAIL_PATIENCE = 2.0  # seconds for the log to arrive behind the answer


class StartError(WorkerError):
    """A sandbox could not be started; ``failure`` says why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(f"{failure.kind}: {failure.message}")
        self.failure = failure


@dataclass(frozen=True)
class Host:
    """What all sandboxes of a cloud share."""

    settings: Settings
    processes: Processes
    clock: Clock
    readers: Readers
    endpoint_url: str


def environment_of(function: Function, settings: Settings, endpoint_url: str, stream: str) -> dict[str, str]:
    """Make a function's environment: Lambda's own variables, then the function's."""
    lambdas = {
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": settings.region,
        "AWS_REGION": settings.region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_python{sys.version_info.major}.{sys.version_info.minor}",
        "AWS_LAMBDA_FUNCTION_NAME": function.full_name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.full_name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": stream,
        "TZ": ":UTC",
    }
    return {**environment.inherited(), **environment.NO_AWS_FILES, **lambdas, **function.environment}


class Sandbox:
    """One process of a function; used by one thread at a time, but for `kill`."""

    def __init__(self, function: Function, host: Host) -> None:
        self.function = function
        self._host = host
        self._process: Child | None = None
        self._channel: Channel | None = None
        self._printed: Printed | None = None
        self._killing = threading.Lock()
        self._killed = False

    def start(self) -> Mapping[str, Any]:
        """Start the process and wait until the application is imported; what it declares. Raises StartError."""
        self.stop()
        limits = self._host.settings.limits
        self._channel = Channel(self._spawn(), limits.lambda_payload + _OVERHEAD)
        try:
            said = json.loads(self._channel.receive(limits.lambda_init))
        except TimeoutError as error:
            self.stop()
            message = f"the application was not imported in {limits.lambda_init} s"
            raise StartError(Failure("Sandbox.Timedout", message)) from error
        except ChannelClosedError as error:
            failure = self._crashed()
            self.stop()
            raise StartError(failure) from error
        if "error" in said:
            self.stop()
            raise StartError(_failure(said["error"]))
        return said["wiring"]  # type: ignore[no-any-return]  # JSON

    def execute(self, invocation: Invocation) -> Outcome:
        """Run an invocation to its end, in the process that was started; every way to fail is an outcome."""
        begun = time.monotonic()
        try:
            answer = json.loads(self._ask(invocation))
        except TimeoutError:
            message = f"{invocation.request_id} Task timed out after {invocation.function.timeout:.2f} seconds"
            return self._ended(invocation, begun, Failure("Sandbox.Timedout", message))
        except ChannelClosedError:
            return self._ended(invocation, begun, self._crashed())
        except AnswerTooLargeError:
            failure = Failure("Function.ResponseSizeTooLarge", "the answer is larger than 6 MB")
            return self._ended(invocation, begun, failure)
        log = self._tail(invocation)
        if "error" in answer:
            return Outcome(failure=_failure(answer["error"]), log=log)
        return Outcome(answer["result"], log=log)

    @property
    def running(self) -> bool:
        """Whether the next invocation finds the application imported; a process may end while it has nothing to do."""
        return self._channel is not None and self._process is not None and not self._process.ended()

    def stop(self, *last_words: str) -> None:
        """End the process, at once: Lambda gives no grace either. ``last_words`` are added to its log."""
        if self._process:
            self._host.processes.stop(self._process, grace=0)
        if self._channel:
            self._channel.close()
        if self._printed:
            self._printed.end(*last_words)
        self._process = self._channel = None

    def kill(self) -> None:
        """End the process for good, from another thread; the one that waits for its answer sees a crash."""
        with self._killing:
            self._killed = True
            process = self._process
        if process:
            self._host.processes.stop(process, grace=0)

    def _spawn(self) -> Child:
        host = self._host
        stream = f"{host.clock.now():%Y/%m/%d}/[$LATEST]{uuid.uuid4().hex}"
        with self._killing:
            if self._killed:
                raise StartError(Failure(EXITED, "the local cloud is stopping"))
            try:
                self._process = host.processes.spawn_piped(
                    [sys.executable, "-P", str(_PROGRAM), host.settings.app or ""],
                    env=environment_of(self.function, host.settings, host.endpoint_url, stream),
                    cwd=str(host.settings.app_dir.resolve()),
                )
            except OSError as error:  # the application's folder is gone, or the machine is full
                message = f"the worker could not be started: {error.strerror or error}"
                raise StartError(Failure("Runtime.InitError", message)) from error
        if self._process.stderr is None:
            raise ValueError("the process has no pipe for its log")
        self._printed = Printed(self._process.stderr, self._log_group, stream, host.readers)
        return self._process

    def _log_group(self) -> str:
        return f"/aws/lambda/{self.function.full_name}"

    def _ask(self, invocation: Invocation) -> bytes:
        function, clock = invocation.function, self._host.clock
        head = json.dumps(
            {
                "request_id": invocation.request_id,
                "handler": function.handler,
                "function_name": function.full_name,
                "arn": function_arn(self._host.settings.region, function.full_name),
                "timeout": function.timeout,
                "memory": function.memory,
                "limit": self._host.settings.limits.lambda_payload,
                **({"now": clock.now().timestamp()} if clock.virtual else {}),
            }
        ).encode()
        if self._channel is None:
            raise ChannelClosedError
        return self._channel.ask(head[:-1] + b', "event": ' + (invocation.event or b"null") + b"}", function.timeout)

    def _ended(self, invocation: Invocation, begun: float, failure: Failure) -> Outcome:
        """End the process, with the lines in its log that the runtime would have written."""
        name, spent = f"RequestId: {invocation.request_id}", (time.monotonic() - begun) * 1000
        said = failure.message if invocation.request_id in failure.message else f"{name} {failure.message}"
        report = f"REPORT {name}\tDuration: {spent:.2f} ms\tMemory Size: {invocation.function.memory} MB"
        self.stop(said, f"END {name}", report)
        return Outcome(failure=failure, log=self._tail(invocation))

    def _tail(self, invocation: Invocation) -> str:
        wanted = invocation.tail and self._printed
        return self._printed.tail(invocation.request_id, _TAIL_PATIENCE) if wanted and self._printed else ""

    def _crashed(self) -> Failure:
        code = self._host.processes.stop(self._process, grace=1.0) if self._process else 0
        how = f"signal: {_signal_name(-code)}" if code < 0 else f"exit status {code}"
        return Failure(EXITED, f"Error: Runtime exited with error: {how}")


def _signal_name(number: int) -> str:
    return "killed" if number == signal.SIGKILL else str(number)


def _failure(error: Mapping[str, Any]) -> Failure:
    return Failure(error["errorType"], error["errorMessage"], tuple(error["stackTrace"]))
