"""Asks for a look, by an event of our own on the account's default bus."""

import json
from dataclasses import dataclass

from chalicelib.adapters.calls import translated
from chalicelib.adapters.clients import client
from chalicelib.core import events
from chalicelib.core.errors import UnavailableError


@dataclass(frozen=True)
class EventBridgeBus:
    """`services.ports.Bus` over EventBridge."""

    stage: str

    def ask_for_look(self, pipeline: str) -> None:
        """Put the event that makes a handler look at a pipeline at once.

        Raises
        ------
        CallError
            If the bus did not take it.
        """
        detail = json.dumps({"stage": self.stage, "pipeline": pipeline})
        entry = {"Source": events.SOURCE, "DetailType": events.LOOK_WANTED, "Detail": detail}
        with translated("PutEvents"):
            answer = client("events").put_events(Entries=[entry])
        if answer["FailedEntryCount"]:
            raise UnavailableError(f"PutEvents answered {answer['Entries'][0].get('ErrorCode')}")
