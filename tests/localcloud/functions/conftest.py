import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from localcloud.settings import Delays, Limits

PREFIX = "called-dev-"
ONE_TRY = Delays(s3_event=0, event_delivery=0, lambda_retries=())
FEW = Limits(lambda_workers=2)  # a process for the function of the test, one for what it leads to
APP = """
import json, os, signal, sys, time
from datetime import datetime, timezone
from pathlib import Path
from chalice import Chalice

app = Chalice(app_name="called")
NOTES = Path(os.environ["NOTES"])
STATE = []

def note(name, text):
    with open(NOTES / name, "a") as file:
        file.write(text + "\\n")

@app.lambda_function()
def noted(event, context):
    note("noted", json.dumps(event))

@app.on_cw_event({"source": ["lambda"]})
def on_the_bus(event):
    note("bus", json.dumps(event.to_dict()))

@app.lambda_function()
def echo(event, context):
    STATE.append(1)
    return {"event": event, "id": context.aws_request_id, "pid": os.getpid(), "state": len(STATE),
            "environ": dict(os.environ)}

@app.lambda_function()
def fails(event, context):
    note("tried", context.aws_request_id)
    raise ValueError("never")

@app.lambda_function()
def gated(event, context):
    note("begun", str(os.getpid()))
    while not (NOTES / "open").exists():
        time.sleep(0.01)
    note("handled", json.dumps(event))

@app.lambda_function()
def hopes(event, context):
    note("tried", context.aws_request_id)
    if not (NOTES / "open").exists():
        raise ValueError("not yet")
    note("handled", json.dumps(event))

@app.lambda_function()
def prints(event, context):
    print("to standard error", file=sys.stderr)
    print(event["text"], end=event.get("end", "\\n"))
    if event.get("die"):
        os.kill(os.getpid(), signal.SIGKILL)

@app.lambda_function()
def clocks(event, context):
    began, left = time.monotonic(), context.get_remaining_time_in_millis()
    return {"time": time.time(), "now": datetime.now(timezone.utc).isoformat(), "left": left,
            "real": time.monotonic() - began}
"""


@pytest.fixture
def notes(tmp_path: Path) -> Callable[[str], list[str]]:
    """Read what the functions noted under a name."""
    (tmp_path / "notes").mkdir()

    def read(name: str) -> list[str]:
        file = tmp_path / "notes" / name
        return file.read_text().splitlines() if file.exists() else []

    return read


@pytest.fixture
def start(start_cloud: Callable[..., Any], notes: Callable[[str], list[str]], tmp_path: Path) -> Callable[..., Any]:
    """Start a cloud with the application above."""
    del notes

    def start(**changed: Any) -> Any:
        changed.setdefault("environment", {"NOTES": str(tmp_path / "notes")})
        changed.setdefault("limits", FEW)
        return start_cloud(APP, **changed)

    return start


@pytest.fixture
def open_gate(tmp_path: Path) -> Callable[[], None]:
    """Let the functions that wait, or fail, go on."""
    return (tmp_path / "notes" / "open").touch


def send(cloud: Any, name: str, event: Any) -> None:
    """Give a function an event to handle some time."""
    answer = cloud.client("lambda").invoke(
        FunctionName=PREFIX + name, InvocationType="Event", Payload=json.dumps(event).encode()
    )
    assert answer["StatusCode"] == 202


def call(cloud: Any, name: str, event: Any, **more: Any) -> tuple[Any, dict[str, Any]]:
    """Call a function; its payload and the rest of the answer."""
    answer = cloud.client("lambda").invoke(FunctionName=PREFIX + name, Payload=json.dumps(event).encode(), **more)
    return json.loads(answer["Payload"].read()), answer
