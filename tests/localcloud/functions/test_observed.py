import base64
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from localcloud.clock import Clock
from localcloud.database import Database
from localcloud.errors import AwsError
from localcloud.functions import Lambdas
from localcloud.history import History
from localcloud.processes import Processes
from localcloud.settings import Delays, Limits, Settings
from localcloud.targets import Targets
from tests.localcloud.functions.conftest import APP, PREFIX

Wait = Callable[..., Any]


@dataclass
class Observer:
    """CloudWatch's place: notes what it is told."""

    groups: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    streams: set[str] = field(default_factory=set)
    lines: list[str] = field(default_factory=list)
    metrics: list[tuple[str, str, float, str]] = field(default_factory=list)

    def append(
        self, group: str, stream: str, lines: Sequence[tuple[datetime, str]], *, region: str | None = None
    ) -> None:
        assert region is None
        self.groups[group] += [line for _, line in lines]
        self.streams.add(stream)

    def record(  # noqa: PLR0917  as it is called
        self,
        namespace: str,
        name: str,
        dimensions: Mapping[str, str],
        value: float,
        unit: str,
        time: datetime,
        *,
        region: str | None = None,
    ) -> None:
        assert (namespace, time.tzinfo is not None, region) == ("AWS/Lambda", True, None)
        self.metrics.append((name, dimensions["FunctionName"], value, unit))


@pytest.fixture
def observer() -> Observer:
    return Observer()


@pytest.fixture
def lambdas(tmp_path: Path, observer: Observer, notes: Any) -> Iterator[Lambdas]:
    del notes
    (tmp_path / "app.py").write_text(APP)
    settings = Settings(
        state=tmp_path,
        app="app:app",
        app_dir=tmp_path,
        environment={"NOTES": str(tmp_path / "notes")},
        delays=Delays(lambda_retries=()),
        limits=Limits(lambda_workers=1),
    )
    with ExitStack() as stack:
        clock = Clock()
        database = Database(tmp_path / "state.db")
        stack.callback(database.close)
        history = History(tmp_path / "history.jsonl", clock.now)
        stack.callback(history.close)
        lambdas = Lambdas(
            settings,
            processes=stack.enter_context(Processes()),
            clock=clock,
            database=database,
            history=history,
            targets=Targets(),
            publish=lambda **_: None,
            append=observer.append,
            ingest=observer.lines.append,
            record=observer.record,
        )
        stack.callback(lambdas.stop)
        lambdas.start("http://127.0.0.1:9", tmp_path / "lambda.log")
        lambdas.resume()
        yield lambdas


def test_lines_in_the_functions_log_group(lambdas: Lambdas, observer: Observer, wait_for: Wait) -> None:
    """What a function prints is in its log group between Lambda's own lines, and each line is offered as a metric.

    Source: Lambda Developer Guide, "Working with Lambda function logs" (START, END, REPORT; the stream's name).
    """
    outcome = lambdas.invoke("prints", b'{"text": "one\\ntwo", "end": ""}', None)
    group = f"/aws/lambda/{PREFIX}prints"
    wait_for(lambda: any(line.startswith("REPORT") for line in observer.groups[group]))
    start, *printed, end, report = observer.groups[group]
    assert start == f"START RequestId: {outcome.request_id} Version: $LATEST"
    assert sorted(printed) == ["one", "to standard error", "two"]
    assert end == f"END RequestId: {outcome.request_id}"
    assert report.startswith(f"REPORT RequestId: {outcome.request_id}\tDuration: ")
    assert "Memory Size: 128 MB" in report
    assert {start, "one", "two", end} <= set(observer.lines)
    assert all("/[$LATEST]" in stream for stream in observer.streams)


def test_last_words_of_a_process(lambdas: Lambdas, observer: Observer, wait_for: Wait) -> None:
    """What a process printed before it was killed is in its log, with how it ended."""
    outcome = lambdas.invoke("prints", b'{"text": "almost", "die": true}', None)
    group = f"/aws/lambda/{PREFIX}prints"
    wait_for(lambda: any(line.startswith("REPORT") for line in observer.groups[group]))
    _, *printed, how, end, _ = observer.groups[group]
    assert sorted(printed) == ["almost", "to standard error"]
    assert how == f"RequestId: {outcome.request_id} Error: Runtime exited with error: signal: killed"
    assert end == f"END RequestId: {outcome.request_id}"


def test_metrics(lambdas: Lambdas, observer: Observer, wait_for: Wait) -> None:
    """Each invocation is counted with its duration, a failed one as an error too, an undelivered event by its name.

    Source: Lambda Developer Guide, "Types of metrics for Lambda functions".
    """
    lambdas.configs.change(f"{PREFIX}fails", DeadLetterConfig="arn:aws:sqs:us-east-1:123456789012:none")
    lambdas.invoke("echo", b"{}", None)
    lambdas.invoke_async("fails", b"{}")
    wait_for(lambda: ("DeadLetterErrors", f"{PREFIX}fails", 1.0, "Count") in observer.metrics)
    counted = {(name, function.removeprefix(PREFIX)): value for name, function, value, _ in observer.metrics}
    assert counted.pop(("Duration", "echo")) > 0
    assert counted.pop(("Duration", "fails")) > 0
    assert counted == {
        ("Invocations", "echo"): 1.0,
        ("Errors", "echo"): 0.0,
        ("Invocations", "fails"): 1.0,
        ("Errors", "fails"): 1.0,
        ("DeadLetterErrors", "fails"): 1.0,
    }
    assert {unit for name, *_, unit in observer.metrics if name == "Duration"} == {"Milliseconds"}


def test_throttles(lambdas: Lambdas, observer: Observer, wait_for: Wait) -> None:
    """A refused call counts as Throttles and not as an invocation. Source: as above."""
    lambdas.configs.change(f"{PREFIX}echo", ReservedConcurrentExecutions=0)
    with pytest.raises(Exception, match="Rate Exceeded"):
        lambdas.invoke("echo", b"{}", None)
    wait_for(lambda: observer.metrics == [("Throttles", f"{PREFIX}echo", 1.0, "Count")])


def test_the_end_of_the_log(start: Callable[..., Any]) -> None:
    """LogType Tail gives the last 4 KB of what the invocation printed. Source: Lambda API Reference, Invoke."""
    client = start().client("lambda")
    event = json.dumps({"text": "x" * 3000 + "\n" + "y" * 3000}).encode()
    answer = client.invoke(FunctionName=f"{PREFIX}prints", LogType="Tail", Payload=event)
    log = base64.b64decode(answer["LogResult"]).decode()
    assert len(log) == 4096
    assert "x" in log
    assert "y" * 3000 in log
    assert "REPORT" in log.splitlines()[-1]
    assert "LogResult" not in client.invoke(FunctionName=f"{PREFIX}prints", Payload=event)


def test_targets(lambdas: Lambdas, notes: Callable[[str], list[str]], wait_for: Wait) -> None:
    """What other services send to a function's ARN, its own and no other, is an event for it if it is JSON."""
    arn = lambdas.arn(f"{PREFIX}noted")
    lambdas.take(arn, b'"by its name"')
    lambdas.take(f"{arn}:$LATEST", b'"by its version"')
    wait_for(lambda: sorted(notes("noted")) == ['"by its name"', '"by its version"'])
    for wrong in (f"{arn}:7", lambdas.arn("noted"), arn.replace("us-east-1", "us-west-2")):
        with pytest.raises(AwsError, match="Function not found"):
            lambdas.take(wrong, b"{}")
    with pytest.raises(AwsError, match="Could not parse request body"):
        lambdas.take(arn, b"{")
