"""Asking for a look."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from chalicelib.adapters import events
from chalicelib.adapters.events import EventBridgeBus
from chalicelib.core.errors import CallError, DeniedError, UnavailableError
from chalicelib.core.events import LookWanted, parse


@dataclass
class FakeEventBridge:
    """A default bus that takes events, refuses them, or does not answer."""

    refuses: str | None = None
    error: Exception | None = None
    taken: list[dict[str, Any]] = field(default_factory=list)

    def put_events(self, *, Entries: Sequence[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - boto3's
        if self.error:
            raise self.error
        if self.refuses:
            return {"FailedEntryCount": 1, "Entries": [{"ErrorCode": self.refuses}]}
        self.taken += Entries
        return {"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}


def ask(bridge: FakeEventBridge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "client", {"events": bridge}.__getitem__)
    EventBridgeBus("dev").ask_for_look("reviews")


def test_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """The event names its stage, which the rules filter by, and is read as the pipeline to look at."""
    bridge = FakeEventBridge()
    ask(bridge, monkeypatch)
    (entry,) = bridge.taken
    detail = json.loads(entry["Detail"])
    assert detail["stage"] == "dev"
    envelope = {"source": entry["Source"], "detail-type": entry["DetailType"], "detail": detail}
    assert parse(envelope) == LookWanted("reviews")


@pytest.mark.parametrize(
    ("bridge", "error"),
    [
        (FakeEventBridge(refuses="ThrottlingException"), UnavailableError),
        (FakeEventBridge(error=EndpointConnectionError(endpoint_url="http://127.0.0.1")), UnavailableError),
        (FakeEventBridge(error=ClientError({"Error": {"Code": "AccessDenied", "Message": ""}}, "x")), DeniedError),
    ],
)
def test_not_taken(bridge: FakeEventBridge, error: type[CallError], monkeypatch: pytest.MonkeyPatch) -> None:
    """An event that was not taken is an error of ours, also where only the entry failed."""
    with pytest.raises(error, match="PutEvents"):
        ask(bridge, monkeypatch)
