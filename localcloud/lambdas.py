"""Lambda: the application's functions, executed in worker processes that are started before they are needed.

A synchronous call waits for its result; an event is tried three times, with growing pauses, and then kept as a dead
letter with its error. The workers are alike and run any function. The prices: one process holds all functions of the
application, so a function sees module state that on AWS only its own sandbox had; and events in the queue do not
survive the cloud.
"""

import json
import logging
import threading
import time
import uuid
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from localcloud.clock import Clock
from localcloud.errors import AwsError, ConfigError
from localcloud.history import History
from localcloud.invocations import Failure, Invocation, InvocationQueue, Outcome
from localcloud.lambda_process import LambdaProcess, StartError, environment_of
from localcloud.processes import Processes
from localcloud.settings import Settings
from localcloud.wiring import ChaliceConfig, Function, Wiring, read_wiring

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class DeadLetter:
    """An event that no try could handle."""

    time: datetime
    function: str
    request_id: str
    tries: int
    failure: Failure
    event: Any


class Lambdas:
    """The functions of one application; safe to use from several threads."""

    def __init__(
        self,
        settings: Settings,
        *,
        processes: Processes,
        clock: Clock,
        history: History,
    ) -> None:
        self._settings = settings
        self._processes = processes
        self._clock = clock
        self._history = history
        self._queue = InvocationQueue(settings.limits.lambda_workers, settings.limits.lambda_waiting)
        self._workers: list[LambdaProcess] = []
        self._threads: list[threading.Thread] = []
        self._dead_letters: list[DeadLetter] = []
        self._stopping = threading.Event()
        self.wiring = Wiring()

    def start(self, endpoint_url: str, log_file: Path) -> Wiring:
        """Start the workers and read the wiring; raises ConfigError when the application cannot be imported."""
        if self._settings.app is None:
            return self.wiring
        config = ChaliceConfig.read(self._settings.app_dir, self._settings.stage)
        env = environment_of(self._settings, config, endpoint_url)
        count = self._settings.limits.lambda_workers
        self._workers = [LambdaProcess(self._processes, self._settings, env, log_file) for _ in range(count)]
        try:
            declared = self._workers[0].start()
        except StartError as error:
            trace = "".join(error.failure.trace)
            raise ConfigError(f"the application {self._settings.app} cannot be started: {error}\n{trace}") from error
        self.wiring = read_wiring(declared, config, timeout=self._settings.limits.lambda_timeout)
        for number, worker in enumerate(self._workers):
            thread = threading.Thread(target=self._work, args=(worker,), name=f"lambda-{number}")
            self._threads.append(thread)
            thread.start()
        return self.wiring

    def invoke(self, name: str, event: bytes, wait: float) -> Outcome:
        """Call a function and wait for its outcome.

        Raises
        ------
        AwsError
            ResourceNotFoundException, RequestTooLargeException, or TooManyRequestsException when too many callers wait.
        TimeoutError
            After ``wait`` seconds; a call that has begun goes on, one that has not is dropped.
        """
        if len(event) > self._settings.limits.lambda_payload:
            limit = self._settings.limits.lambda_payload
            raise AwsError("RequestTooLargeException", f"Request must be smaller than {limit} bytes", 413)
        invocation = Invocation(self._function(name), event, str(uuid.uuid4()), waited_for=True)
        self._queue.put(invocation)
        try:
            return invocation.future.result(timeout=wait)
        except TimeoutError:
            invocation.future.cancel()
            raise
        except CancelledError:
            raise AwsError("ServiceException", "the local cloud is stopping", 503) from None

    def invoke_async(self, name: str, event: bytes) -> None:
        """Queue an event for a function; it is tried again when the function fails."""
        self._try(Invocation(self._function(name), event, str(uuid.uuid4()), waited_for=False), tries=1)

    @property
    def dead_letters(self) -> list[DeadLetter]:
        """The events that no try could handle, in the order they were given up."""
        return list(self._dead_letters)

    def stop(self) -> None:
        """Take no more calls and end the workers; calls under way fail."""
        self._stopping.set()
        for invocation in self._queue.close():
            invocation.future.cancel()
        for worker in self._workers:
            worker.kill()
        for thread in self._threads:
            thread.join()
        for worker in self._workers:  # those whose thread never began
            worker.stop()

    def _function(self, name: str) -> Function:
        try:
            return self.wiring.functions[name]
        except KeyError:
            raise AwsError("ResourceNotFoundException", f"Function not found: {name}", 404) from None

    def _work(self, worker: LambdaProcess) -> None:
        self._prepare(worker)
        while (invocation := self._queue.take()) is not None:
            begun = time.monotonic()
            outcome = worker.execute(invocation)
            status = outcome.failure.kind if outcome.failure else "ok"
            self._history.record("invoke", "lambda", invocation.function.full_name, status, time.monotonic() - begun)
            self._queue.done(invocation)
            invocation.future.set_result(outcome)
            self._prepare(worker)
        worker.stop()

    def _prepare(self, worker: LambdaProcess) -> None:
        """Start a worker that is new, crashed or was killed, before the next invocation needs it."""
        if worker.running or self._stopping.is_set():
            return
        try:
            worker.start()
        except StartError as error:
            log.warning("worker_not_started error=%s", error)  # the next invocation tries again and reports it

    def _try(self, invocation: Invocation, tries: int) -> None:
        if self._stopping.is_set():
            return
        invocation.future.add_done_callback(lambda done: self._tried(invocation, done, tries))
        self._queue.put(invocation)

    def _tried(self, invocation: Invocation, done: "Future[Outcome]", tries: int) -> None:
        failure = None if done.cancelled() else done.result().failure
        if failure is None or self._stopping.is_set():
            return
        name, request_id = invocation.function.full_name, invocation.request_id
        log.warning("event_failed function=%s request_id=%s try=%d error=%s", name, request_id, tries, failure.kind)
        pauses = self._settings.delays.lambda_retries
        if tries <= len(pauses):
            again = Invocation(invocation.function, invocation.event, invocation.request_id, waited_for=False)
            self._clock.after(pauses[tries - 1], lambda: self._try(again, tries + 1))
            return
        letter = DeadLetter(self._clock.now(), name, request_id, tries, failure, json.loads(invocation.event))
        self._dead_letters.append(letter)
        log.error("event_given_up function=%s request_id=%s", name, request_id)
