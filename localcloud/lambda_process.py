"""One Lambda worker as the cloud sees it: a process, replaced when it crashes or takes too long."""

import json
import sys
import threading
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from localcloud import environment
from localcloud.errors import AnswerTooLargeError, ChannelClosedError, WorkerError
from localcloud.invocations import Failure, Invocation, Outcome
from localcloud.processes import Child, Processes
from localcloud.settings import ACCOUNT_ID, Settings
from localcloud.wiring import ChaliceConfig
from localcloud.worker_channel import Channel

_PROGRAM = Path(__file__).with_name("lambda_worker.py")
_OVERHEAD = 1_048_576  # bytes of an answer beside its result: names, stack traces


class StartError(WorkerError):
    """A worker could not be started; ``failure`` says why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(f"{failure.kind}: {failure.message}")
        self.failure = failure


def environment_of(settings: Settings, config: ChaliceConfig, endpoint_url: str) -> dict[str, str]:
    """Make the functions' environment: Lambda's own variables, the application's, those of the command line."""
    lambdas = {
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": settings.region,
        "AWS_REGION": settings.region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_python{sys.version_info.major}.{sys.version_info.minor}",
        "AWS_LAMBDA_FUNCTION_NAME": f"{config.app_name or 'app'}-{config.stage}",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_STREAM_NAME": f"[$LATEST]{uuid.uuid4().hex}",
        "TZ": ":UTC",
    }
    return {
        **environment.inherited(),
        **environment.NO_AWS_FILES,
        **lambdas,
        **config.environment,
        **settings.environment,
    }


class LambdaProcess:
    """One worker; used by one thread at a time, but for `stop`."""

    def __init__(self, processes: Processes, settings: Settings, env: Mapping[str, str], log: Path) -> None:
        self._processes = processes
        self._settings = settings
        self._env = env
        self._log = log
        self._process: Child | None = None
        self._channel: Channel | None = None
        self._killing = threading.Lock()
        self._killed = False

    def start(self) -> Mapping[str, Any]:
        """Start the process and wait until the application is imported; what it declares. Raises StartError."""
        self.stop()
        self._channel = Channel(self._spawn(), self._settings.limits.lambda_payload + _OVERHEAD)
        try:
            said = json.loads(self._channel.receive(self._settings.limits.lambda_init))
        except TimeoutError as error:
            limit = self._settings.limits.lambda_init
            raise StartError(
                self._given_up("Sandbox.Timedout", f"the application was not imported in {limit} s")
            ) from error
        except ChannelClosedError as error:
            raise StartError(self._crashed()) from error
        if "error" in said:
            self.stop()
            raise StartError(_failure(said["error"]))
        return said["wiring"]  # type: ignore[no-any-return]  # JSON

    def execute(self, invocation: Invocation) -> Outcome:
        """Run an invocation to its end; every way to fail is an outcome."""
        try:
            if not self.running:
                self.start()
            answer = json.loads(self._ask(invocation))
        except StartError as error:
            return Outcome(failure=error.failure)
        except TimeoutError:
            message = f"{invocation.request_id} Task timed out after {invocation.function.timeout:.2f} seconds"
            return Outcome(failure=self._given_up("Sandbox.Timedout", message))
        except ChannelClosedError:
            return Outcome(failure=self._crashed())
        except AnswerTooLargeError:
            return Outcome(failure=self._given_up("Function.ResponseSizeTooLarge", "the answer is larger than 6 MB"))
        return Outcome(failure=_failure(answer["error"])) if "error" in answer else Outcome(answer["result"])

    @property
    def running(self) -> bool:
        """Whether the next invocation finds the application imported; a worker may end while it has nothing to do."""
        return self._channel is not None and self._process is not None and not self._process.ended()

    def stop(self) -> None:
        """End the process, at once: Lambda gives no grace either."""
        if self._process:
            self._processes.stop(self._process, grace=0)
        if self._channel:
            self._channel.close()
        self._process = self._channel = None

    def kill(self) -> None:
        """End the process for good, from another thread; the one that waits for its answer sees a crash."""
        with self._killing:
            self._killed = True
            process = self._process
        if process:
            self._processes.stop(process, grace=0)

    def _spawn(self) -> Child:
        with self._killing:
            if self._killed:
                raise StartError(Failure("Runtime.ExitError", "the local cloud is stopping"))
            try:
                self._process = self._processes.spawn_piped(
                    [sys.executable, "-P", str(_PROGRAM), self._settings.app or ""],
                    env=self._env,
                    cwd=str(self._settings.app_dir.resolve()),
                    log=self._log,
                )
            except OSError as error:  # the application's folder is gone, or the machine is full
                message = f"the worker could not be started: {error.strerror or error}"
                raise StartError(Failure("Runtime.InitError", message)) from error
            return self._process

    def _ask(self, invocation: Invocation) -> bytes:
        function = invocation.function
        head = json.dumps(
            {
                "request_id": invocation.request_id,
                "handler": function.handler,
                "function_name": function.full_name,
                "arn": f"arn:aws:lambda:{self._settings.region}:{ACCOUNT_ID}:function:{function.full_name}",
                "timeout": function.timeout,
                "memory": function.memory,
                "limit": self._settings.limits.lambda_payload,
            }
        ).encode()
        if self._channel is None:
            raise ChannelClosedError
        return self._channel.ask(head[:-1] + b', "event": ' + invocation.event + b"}", function.timeout)

    def _given_up(self, kind: str, message: str) -> Failure:
        self.stop()
        return Failure(kind, message)

    def _crashed(self) -> Failure:
        code = self._processes.stop(self._process, grace=1.0) if self._process else 0
        self.stop()
        how = f"signal: {-code}" if code < 0 else f"exit status {code}"
        return Failure("Runtime.ExitError", f"Error: Runtime exited with error: {how}")


def _failure(error: Mapping[str, Any]) -> Failure:
    return Failure(error["errorType"], error["errorMessage"], tuple(error["stackTrace"]))
