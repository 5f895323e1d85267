import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from localcloud.errors import ConfigError
from localcloud.settings import Delays, Limits

APP = """
import json, os, signal, sys, time
import boto3
from chalice import Chalice

app = Chalice(app_name="tried")

def note(text):
    with open(os.environ["NOTES"], "a") as notes:
        notes.write(text + "\\n")

def tries():
    return len(open(os.environ["NOTES"]).read().splitlines())

@app.on_cw_event({"source": ["aws.s3"], "detail": {"object": {"key": [{"prefix": "second/"}]}}})
def second_time(event):
    note(app.lambda_context.aws_request_id if hasattr(app, "lambda_context") else event.context.aws_request_id)
    if tries() < 2:
        raise ValueError("not yet")

@app.on_cw_event({"source": ["aws.s3"], "detail": {"object": {"key": [{"prefix": "never/"}]}}})
def never(event):
    note("tried")
    raise ValueError("never")

@app.on_cw_event({"source": ["aws.s3"], "detail": {"object": {"key": [{"prefix": "slow/"}]}}})
def slow(event):
    note(str(os.getpid()))
    time.sleep(60)

@app.on_cw_event({"source": ["aws.s3"], "detail": {"object": {"key": [{"prefix": "crash/"}]}}})
def crash(event):
    note(str(os.getpid()))
    os.kill(os.getpid(), signal.SIGKILL)

@app.schedule("rate(1 minute)")
def sweep(event):
    pass

@app.route("/context")
def context():
    told = app.lambda_context
    return {
        "name": told.function_name,
        "arn": told.invoked_function_arn,
        "memory": told.memory_limit_in_mb,
        "log_group": told.log_group_name,
        "left": told.get_remaining_time_in_millis(),
        "environ": dict(os.environ),
        "cwd": os.getcwd(),
        "pid": os.getpid(),
    }

@app.route("/aws")
def aws():
    print("this goes to the log")
    os.write(1, b"and this\\n")
    return boto3.client("sts").get_caller_identity()["Account"]

@app.route("/stdin")
def stdin():
    return sys.stdin.read()

@app.route("/die")
def die():
    os._exit(3)

@app.route("/sleep")
def sleep():
    time.sleep(60)

@app.route("/large")
def large():
    return "x" * 7_000_000
"""
CRASHES = Limits(lambda_workers=1)


@pytest.fixture
def start(start_cloud: Callable[..., Any], tmp_path: Any) -> Callable[..., Any]:
    def start(**changed: Any) -> Any:
        notes = tmp_path / "notes"
        notes.touch()
        changed.setdefault("environment", {"NOTES": str(notes)})
        return start_cloud(APP, **changed)

    return start


def put(cloud: Any, key: str) -> None:
    s3 = cloud.eventbridge_bucket("events")
    s3.put_object(Bucket="events", Key=key, Body=b"x")


def get(cloud: Any, path: str) -> Any:
    status, _, body = cloud.request("GET", f"/dev{path}")
    assert status == 200, body
    return json.loads(body)


def test_failed_event_is_tried_again(start: Callable[..., Any], tmp_path: Any, wait_for: Callable[..., Any]) -> None:
    """An event whose handler fails once is handled at the second try, under the same request id."""
    cloud = start()
    put(cloud, "second/x")
    ids = wait_for(lambda: lines if len(lines := (tmp_path / "notes").read_text().split()) == 2 else None)
    assert ids[0] == ids[1]
    assert cloud.page("dead-letters") == []


def test_event_is_given_up_after_three_tries(
    start: Callable[..., Any], tmp_path: Any, wait_for: Callable[..., Any]
) -> None:
    """An event that fails three times is kept as a dead letter with its error, and not tried again."""
    cloud = start()
    put(cloud, "never/x")
    letter = wait_for(lambda: cloud.page("dead-letters"))[0]
    assert (letter["function"], letter["tries"]) == ("tried-dev-never", 3)
    assert (letter["error_type"], letter["error_message"]) == ("ValueError", "never")
    assert letter["event"]["detail"]["object"]["key"] == "never/x"
    assert (tmp_path / "notes").read_text().split() == ["tried"] * 3


def test_timeout_kills_the_worker(start: Callable[..., Any], tmp_path: Any, wait_for: Callable[..., Any]) -> None:
    """A handler that takes longer than its timeout is killed, and a new worker takes the next call."""
    config = {"version": "2.0", "stages": {"dev": {"lambda_functions": {"slow": {"lambda_timeout": 1}}}}}
    cloud = start(chalice_config=config, delays=Delays(s3_event=0, event_delivery=0, lambda_retries=()), limits=CRASHES)
    put(cloud, "slow/x")
    letter = wait_for(lambda: cloud.page("dead-letters"))[0]
    assert letter["error_type"] == "Sandbox.Timedout"
    assert "Task timed out after 1.00 seconds" in letter["error_message"]
    killed = int((tmp_path / "notes").read_text())
    assert get(cloud, "/context")["pid"] != killed
    with pytest.raises(ProcessLookupError):
        os.kill(killed, 0)


def test_crashed_worker_is_replaced(start: Callable[..., Any], tmp_path: Any, wait_for: Callable[..., Any]) -> None:
    """A worker that dies fails its invocation with Lambda's own error, and the next call finds a new one."""
    cloud = start(limits=CRASHES)
    put(cloud, "crash/x")
    letter = wait_for(lambda: cloud.page("dead-letters"))[0]
    assert letter["error_type"] == "Runtime.ExitError"
    assert "signal: killed" in letter["error_message"]
    crashed = (tmp_path / "notes").read_text().split()
    assert len(set(crashed)) == 3
    assert str(get(cloud, "/context")["pid"]) not in crashed


def test_crash_during_a_request_is_a_bad_gateway(start: Callable[..., Any]) -> None:
    """A process that ends in the middle of an HTTP request is answered as API Gateway answers it, the next one well."""
    cloud = start(limits=CRASHES)
    status, _, body = cloud.request("GET", "/dev/die")
    assert (status, json.loads(body)) == (502, {"message": "Internal server error"})
    assert get(cloud, "/context")["name"] == "tried-dev"


def test_api_timeout(start: Callable[..., Any], wait_for: Callable[..., Any]) -> None:
    """API Gateway stops waiting before the function ends, and other workers go on answering."""
    cloud = start(limits=Limits(lambda_workers=2, api_timeout=0.3))
    status, _, body = cloud.request("GET", "/dev/sleep")
    assert (status, json.loads(body)) == (504, {"message": "Endpoint request timed out"})
    wait_for(lambda: cloud.request("GET", "/dev/context")[0] == 200)


def test_too_large_an_answer(start: Callable[..., Any]) -> None:
    """A result above Lambda's six megabytes is refused, and the worker lives on."""
    cloud = start(limits=CRASHES)
    before = get(cloud, "/context")["pid"]
    assert cloud.request("GET", "/dev/large")[0] == 502
    assert get(cloud, "/context")["pid"] == before


def test_context_and_environment(start: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """A handler is told what Lambda tells, and sees the stage's variables under those of the command line."""
    monkeypatch.setenv("AWS_PROFILE", "a-developers-own")
    config = {
        "version": "2.0",
        "app_name": "named",
        "environment_variables": {"A": "all", "B": "all", "C": "all"},
        "stages": {"dev": {"environment_variables": {"B": "stage", "C": "stage"}, "lambda_memory_size": 512}},
    }
    cloud = start(chalice_config=config, environment={"C": "command line", "NOTES": ""})
    told = get(cloud, "/context")
    environ = told["environ"]
    assert [environ[name] for name in "ABC"] == ["all", "stage", "command line"]
    assert told["name"] == environ["AWS_LAMBDA_FUNCTION_NAME"] == "named-dev"
    assert told["arn"] == "arn:aws:lambda:eu-central-1:123456789012:function:named-dev"
    assert told["memory"] == environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "512"
    assert told["log_group"] == "/aws/lambda/named-dev"
    assert 0 < told["left"] <= 60_000
    assert environ["AWS_ENDPOINT_URL"] == cloud.cloud.endpoint_url
    assert environ["AWS_REGION"] == "eu-central-1"
    assert "AWS_PROFILE" not in environ
    assert told["cwd"] == str(tmp_path / "app")


def test_application_calls_aws_and_prints(start: Callable[..., Any], wait_for: Callable[..., Any]) -> None:
    """Inside a handler boto3 reaches the cloud by itself, and what is printed goes to the log and nowhere else."""
    cloud = start()
    assert cloud.request("GET", "/dev/aws")[2] == b"123456789012"
    log = cloud.state / "logs" / "lambda.log"
    wait_for(lambda: {"this goes to the log", "and this"} <= set(log.read_text().splitlines()))


def test_standard_input_is_empty(start: Callable[..., Any]) -> None:
    """A handler that reads standard input finds nothing, not the cloud's requests."""
    assert start().request("GET", "/dev/stdin")[::2] == (200, b"")


def test_rules_page(start: Callable[..., Any]) -> None:
    """The rules are those of the application's wiring, with state, targets, and when a schedule fires next."""
    rules = {rule["name"]: rule for rule in start().page("rules")}
    assert set(rules) == {f"tried-dev-{name}-event" for name in ("second_time", "never", "slow", "crash", "sweep")}
    sweep = rules["tried-dev-sweep-event"]
    assert (sweep["state"], sweep["schedule"]) == ("ENABLED", "rate(1 minute)")
    assert sweep["targets"] == ["arn:aws:lambda:eu-central-1:123456789012:function:tried-dev-sweep"]
    assert sweep["next"]


@pytest.mark.parametrize(
    ("source", "part"),
    [
        ("raise RuntimeError('broken at import')", "broken at import"),
        ("app = None", "AttributeError"),
        ("import os; os._exit(1)", "exit status 1"),
        (
            "from chalice import Chalice\napp = Chalice('a')\n@app.on_sqs_message('q')\ndef f(event): pass",
            "SQSEventConfig, which the local cloud does not deliver",
        ),
        (
            (
                "from chalice import Chalice\napp = Chalice('a')\n@app.on_cw_event({'a': [{'regex': 'b'}]})\n"
                "def f(event): pass"
            ),
            "regex",
        ),
    ],
)
def test_application_that_cannot_run(start_cloud: Callable[..., Any], source: str, part: str) -> None:
    """An application that cannot be imported, or asks for what is not there, stops the start and says why."""
    with pytest.raises(ConfigError, match=part):
        start_cloud(source)


def test_blueprints(start_cloud: Callable[..., Any], tmp_path: Any, wait_for: Callable[..., Any]) -> None:
    """Handlers and routes of a blueprint are found by the handler string that Chalice gives them."""
    folder = tmp_path / "app" / "chalicelib"
    folder.mkdir(parents=True)
    (folder / "__init__.py").touch()
    (folder / "events.py").write_text(
        "import os\nfrom chalice import Blueprint\nparts = Blueprint(__name__)\n"
        "@parts.on_cw_event({'source': ['aws.s3']})\n"
        "def stored(event):\n    open(os.environ['NOTES'], 'w').write(event.detail['object']['key'])\n"
        "@parts.route('/hello')\ndef hello():\n    return parts.current_request.method\n"
    )
    source = (
        "from chalice import Chalice\nfrom chalicelib.events import parts\n"
        "app = Chalice('a')\napp.register_blueprint(parts, name_prefix='bp_')\n"
    )
    notes = tmp_path / "notes"
    cloud = start_cloud(source, environment={"NOTES": str(notes)})
    assert cloud.request("GET", "/dev/hello")[2] == b"GET"
    put(cloud, "a")
    assert wait_for(lambda: notes.exists() and notes.read_text()) == "a"


def test_a_worker_killed_while_idle_fails_nobody(start: Callable[..., Any]) -> None:
    """A worker that is killed between two requests is replaced before the next one needs it."""
    cloud = start(limits=CRASHES)
    first = get(cloud, "/context")["pid"]
    os.kill(first, signal.SIGKILL)
    while_it_is_dying = time.monotonic() + 20
    while Path(f"/proc/{first}/stat").exists() and " Z " not in Path(f"/proc/{first}/stat").read_text():
        assert time.monotonic() < while_it_is_dying
    assert get(cloud, "/context")["pid"] != first


def test_a_worker_that_cannot_be_started_is_an_answer(start: Callable[..., Any], tmp_path: Path) -> None:
    """When the application's folder is gone callers are told at once, and served again when it is back."""
    cloud = start(limits=CRASHES)
    (tmp_path / "app").rename(tmp_path / "away")
    for _ in range(3):
        assert cloud.request("GET", "/dev/die")[0] == 502
    (tmp_path / "away").rename(tmp_path / "app")
    assert get(cloud, "/context")["name"] == "tried-dev"
