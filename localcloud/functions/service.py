"""Lambda: the application's functions, executed in sandboxes that are started before they are needed.

A synchronous call waits for its result and is not kept, as on AWS; an event is kept until its outcome is written
(`localcloud.functions.events`). Each sandbox is a process of one function, with that function's environment and module
state. The prices: every sandbox imports the whole application, so what the functions of event sources need is
imported in the background once the cloud has started; nothing is frozen between invocations, and memory is not
limited.
"""

import logging
import threading
import time
import uuid
from concurrent.futures import CancelledError
from dataclasses import replace
from pathlib import Path

from localcloud.clock import Clock
from localcloud.database import Database
from localcloud.emulated import refusal
from localcloud.errors import AwsError, ConfigError
from localcloud.functions import sandbox
from localcloud.functions.batches import Batches
from localcloud.functions.configs import Configs
from localcloud.functions.dead_letters import DeadLetters
from localcloud.functions.destinations import Destinations
from localcloud.functions.events import Events
from localcloud.functions.events import Host as EventHost
from localcloud.functions.invocations import Failure, Invocation, Outcome, json_of
from localcloud.functions.measures import Measures, Record
from localcloud.functions.pool import Pool, needs_new_process
from localcloud.functions.printed import Append, Ingest, Readers
from localcloud.functions.sandbox import Sandbox, StartError
from localcloud.history import History, event_id
from localcloud.processes import Processes
from localcloud.publish import Publish
from localcloud.settings import Settings
from localcloud.targets import NO_ATTRIBUTES, Attributes, Targets
from localcloud.wiring import API_HANDLER, ChaliceConfig, Function, Wiring, function_arn, read_function, read_wiring

log = logging.getLogger(__name__)


class Lambdas:
    """The functions of one application; safe to use from several threads.

    ``append`` and ``ingest`` get what functions print, ``record`` Lambda's own metrics; each may be left out.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        processes: Processes,
        clock: Clock,
        database: Database,
        history: History,
        targets: Targets,
        publish: Publish,
        append: Append | None = None,
        ingest: Ingest | None = None,
        record: Record | None = None,
    ) -> None:
        self._settings = settings
        self._processes = processes
        self._clock = clock
        self._history = history
        self._append, self._ingest = append, ingest
        self._batches = Batches(clock, database)
        self._measures = Measures(record, self._batches, clock.now)
        self._pool = Pool(settings.limits.lambda_workers, settings.limits.lambda_waiting)
        self._sandboxes: dict[int, Sandbox] = {}
        self._threads: list[threading.Thread] = []
        self._stopping = threading.Event()
        self._functions: dict[str, Function] = {}  # as declared, by full name
        self.wiring = Wiring()
        self.configs = Configs(database)
        self.letters = DeadLetters(database)
        self._events = Events(
            EventHost(
                *(database, clock, settings.delays, self.configs, self.letters),
                Destinations(targets, publish, settings.region, self._measures.undelivered),
                find=self.find,
                arn=self.arn,
                execute=self._put,
            )
        )

    def start(self, endpoint_url: str, log_file: Path) -> Wiring:
        """Start a first sandbox and read the wiring; raises ConfigError when the application cannot be imported."""
        if self._settings.app is None:
            return self.wiring
        readers = Readers(log_file, self._clock.now, self._batches, self._append, self._ingest)
        self._batches.start()
        host = sandbox.Host(self._settings, self._processes, self._clock, readers, endpoint_url)
        config = ChaliceConfig.read(self._settings.app_dir, self._settings.stage)
        limits, environment = self._settings.limits, self._settings.environment
        guess = read_function(
            *(API_HANDLER, "", config.app_name or "app", config), timeout=limits.lambda_timeout, environment=environment
        )
        first = self._sandboxes[0] = Sandbox(self.configs.applied(guess), host)
        try:
            declared = first.start()
        except StartError as error:
            trace = "".join(error.failure.trace)
            raise ConfigError(f"the application {self._settings.app} cannot be started: {error}\n{trace}") from error
        self.wiring = read_wiring(declared, config, timeout=limits.lambda_timeout, environment=environment)
        self._functions = {function.full_name: function for function in self.wiring.functions.values()}
        self._adopt(first)
        for number in range(limits.lambda_workers):
            thread = threading.Thread(target=self._work, args=(number, host), name=f"lambda-{number}")
            self._threads.append(thread)
            thread.start()
        return self.wiring

    def resume(self) -> None:
        """Execute the events there are, now that all of the cloud answers, and start the functions they are for."""
        if self._settings.app is None:
            return
        self._events.resume()
        for name in dict.fromkeys([*(rule.function for rule in self.wiring.rules), *self._scheduled()]):
            function = self.configs.applied(self.wiring.functions[name])
            self._pool.put(Invocation(function, None, "", waited_for=False))

    def invoke(self, name: str, event: bytes, wait: float | None, *, tail: bool = False) -> Outcome:
        """Call a function, by its name in the application or its full name, and wait for its outcome.

        Raises
        ------
        AwsError
            ResourceNotFoundException, RequestTooLargeException, or TooManyRequestsException when the function's
            reserved concurrency is in use or too many callers wait.
        TimeoutError
            After ``wait`` seconds; a call that has begun goes on, one that has not is dropped.
        """
        if len(event) > self._settings.limits.lambda_payload:
            limit = self._settings.limits.lambda_payload
            raise AwsError("RequestTooLargeException", f"Request must be smaller than {limit} bytes", 413)
        function = self.configs.applied(self.function(name))
        invocation = Invocation(function, event, str(uuid.uuid4()), waited_for=True, tail=tail)
        self._clock.begin()
        invocation.future.add_done_callback(lambda _: self._clock.end())
        try:
            self._put(invocation)
            return replace(invocation.future.result(timeout=wait), request_id=invocation.request_id)
        except (AwsError, TimeoutError):
            invocation.future.cancel()
            raise
        except CancelledError:
            raise AwsError("ServiceException", "the local cloud is stopping", 503) from None

    def invoke_async(self, name: str, event: bytes) -> str:
        """Keep an event for a function, in the transaction around if there is one; its request id.

        It is tried again when the function fails. Raises AwsError ResourceNotFoundException.
        """
        request_id = str(uuid.uuid4())
        self._events.accept(self.function(name).full_name, event, request_id)
        return request_id

    def take(self, arn: str, message: bytes, attributes: Attributes = NO_ATTRIBUTES) -> None:
        """Keep a message for the function that an ARN names, as `localcloud.targets` asks; raises AwsError."""
        if attributes:
            raise refusal("an event with message attributes")  # on AWS nobody sends a function any
        named = arn.removesuffix(":$LATEST")
        function = self._functions.get(named.rpartition(":")[2])
        if function is None or named != self.arn(function.full_name):
            raise AwsError("ResourceNotFoundException", f"Function not found: {arn}", 404, {"Type": "User"})
        try:
            json_of(message)
        except ValueError as error:
            raise AwsError(
                "InvalidRequestContentException", f"Could not parse request body into json: {error}"
            ) from error
        self.invoke_async(function.full_name, message)

    def replay(self, which: object) -> int:
        """Make a dead letter, or ``"all"``, an event again; how many. Raises AdminError if there is none."""
        return self.letters.remove(
            which, lambda letter: self._events.accept(letter.function, letter.event, str(uuid.uuid4()))
        )

    def stop(self) -> None:
        """Take no more calls and end the sandboxes; calls under way fail, events under way stay."""
        self._stopping.set()
        self._events.stop()
        for invocation in self._pool.close():
            invocation.future.cancel()
        for each in list(self._sandboxes.values()):
            each.kill()
        for thread in self._threads:
            thread.join()
        for each in self._sandboxes.values():  # those whose thread never began
            each.stop()
        self._batches.stop()

    def function(self, name: str) -> Function:
        """Look a function up by its name in the application or its full name, as it was declared; raises AwsError."""
        found = self._functions.get(name) or self.wiring.functions.get(name)
        if found is None:
            raise AwsError("ResourceNotFoundException", f"Function not found: {self.arn(name)}", 404, {"Type": "User"})
        return found

    def find(self, full_name: str) -> Function | None:
        """Look a function up by its full name, as it is now."""
        found = self._functions.get(full_name)
        return self.configs.applied(found) if found else None

    def arn(self, full_name: str) -> str:
        """Give the ARN of a function."""
        return function_arn(self._settings.region, full_name)

    def _scheduled(self) -> list[str]:
        return [schedule.function for schedule in self.wiring.schedules]

    def _put(self, invocation: Invocation) -> None:
        try:
            self._pool.put(invocation)
        except AwsError as error:
            if error.status == 429:  # noqa: PLR2004  TooManyRequests
                self._measures.throttled(invocation.function.full_name)
            raise

    def _adopt(self, first: Sandbox) -> None:
        """Let the sandbox that read the wiring serve a function like the one it was started for, if there is one."""
        api = self.wiring.functions.get(API_HANDLER)
        for function in [api] if api else self.wiring.functions.values():
            now = self.configs.applied(function)
            if (now.environment, now.memory) == (first.function.environment, first.function.memory):
                first.function = now
                self._pool.bind(0, now.full_name, keep=function is api)
                return
        if api:
            self._pool.bind(0, api.full_name, keep=True)

    def _work(self, place: int, host: sandbox.Host) -> None:
        while (invocation := self._pool.take(place)) is not None:
            held = self._held(place, invocation.function, host)
            failure = self._prepare(held)
            self._pool.ready(place)
            if invocation.event is None:
                self._pool.done(place)
            else:
                self._execute(place, held, invocation, failure)
                self._prepare(held)
        if place in self._sandboxes:
            self._sandboxes[place].stop()

    def _held(self, place: int, function: Function, host: sandbox.Host) -> Sandbox:
        held = self._sandboxes.get(place)
        if held and not needs_new_process(held.function, function):
            return held
        if held:
            held.stop()
        made = self._sandboxes[place] = Sandbox(function, host)
        if self._stopping.is_set():
            made.kill()
        return made

    def _execute(self, place: int, held: Sandbox, invocation: Invocation, failure: Failure | None) -> None:
        begun = time.monotonic()
        outcome = Outcome(failure=failure) if failure else held.execute(invocation)
        spent, name = time.monotonic() - begun, invocation.function.full_name
        status, request_id = outcome.failure.kind if outcome.failure else "ok", invocation.request_id
        about = event_id(invocation.event or b"")
        self._history.record("invoke", "lambda", name, status, spent, request_id=request_id, event_id=about)
        self._measures.executed(name, spent, failed=outcome.failure is not None)
        self._pool.done(place)
        invocation.future.set_result(outcome)

    def _prepare(self, held: Sandbox) -> Failure | None:
        """Start a sandbox that is new, crashed or was killed, also before the next invocation needs it; why not."""
        if held.running:
            return None
        try:
            held.start()
        except StartError as error:
            if not self._stopping.is_set():
                log.warning("worker_not_started function=%s error=%s", held.function.full_name, error)
            return error.failure
        return None
