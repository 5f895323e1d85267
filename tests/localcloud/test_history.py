import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from localcloud.history import History

TIME = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_line(tmp_path: Path) -> None:
    """A line says what was done when, how it ended and how long it took; after the end nothing is written."""
    history = History(tmp_path / "logs" / "history.jsonl", lambda: TIME)
    history.record("call", "s3", "PutObject", 200, 0.0123, request_id="r", error=None)
    history.close()
    history.record("call", "s3", "PutObject", 200, 0.0)
    line = json.loads((tmp_path / "logs" / "history.jsonl").read_text())
    assert (line["time"], line["status"], line["ms"]) == ("2026-01-02T03:04:05.000+00:00", 200, 12.3)
    assert line["request_id"] == "r"
    assert "error" not in line


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_full_disk(caplog: pytest.LogCaptureFixture) -> None:
    """When the disk is full the call that is noted goes on, and the log says so."""
    history = History(Path("/dev/full"), lambda: TIME)
    history.record("call", "s3", "PutObject", 200, 0.0)
    assert "history_not_written" in caplog.text
    history.close()


def test_an_event_can_be_followed(start_cloud: Any, wait_for: Any) -> None:
    """From an event's line its id leads to its deliveries and to the invocations that it caused."""
    cloud = start_cloud("""
from chalice import Chalice
app = Chalice(app_name="a")

@app.on_cw_event({"source": ["mine"]})
def handler(event):
    pass
""")
    entry = {"Source": "mine", "DetailType": "Thing Happened", "Detail": "{}", "Resources": ["arn:thing"]}
    (told,) = cloud.client("events").put_events(Entries=[entry])["Entries"]
    wait_for(lambda: [line for line in cloud.history("invoke") if line.get("event_id") == told["EventId"]])
    (event,) = [line for line in cloud.history("event") if line["event_id"] == told["EventId"]]
    assert (event["resources"], event["deliveries"]) == (["arn:thing"], 1)
    (delivery,) = [line for line in cloud.history("delivery") if line["event_id"] == told["EventId"]]
    assert (delivery["status"], delivery["operation"].rpartition(":")[2]) == ("delivered", "a-dev-handler")
