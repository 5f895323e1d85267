"""PutEvents: events of the caller's own, each taken or refused by itself.

Sources: API Reference, PutEvents and PutEventsResultEntry; User Guide, "Calculating PutEvents event entry size";
texts as users reported them. All entries of a request go in one transaction.
"""

import json
from collections.abc import Mapping

from localcloud.database import Database
from localcloud.emulated import refusal
from localcloud.errors import AwsError
from localcloud.eventbridge.bus import Bus
from localcloud.eventbridge.requests import DEFAULT_BUS, Data, bus_arn
from localcloud.settings import Limits

_TIME = 14  # bytes that a Time counts
_REQUIRED = ("Source", "DetailType", "Detail")


class PutEvents:
    """The operation, on the bus."""

    def __init__(self, database: Database, bus: Bus, limits: Limits) -> None:
        self._database = database
        self._bus = bus
        self._limits = limits
        self.operations = {"PutEvents": self._put_events}

    def _put_events(self, request: Data, region: str) -> Data:
        if "EndpointId" in request:
            raise refusal("EndpointId")
        entries = request["Entries"]
        for index, entry in enumerate(entries):
            _check_emulated(entry, region, f"Entries[{index}].")
        if sum(map(_size, entries)) > self._limits.events_request:
            raise AwsError("ValidationException", "Total size of the entries in the request is over the limit.")
        with self._database.transaction():
            results = [self._put(entry, region) for entry in entries]
        return {"FailedEntryCount": sum("ErrorCode" in result for result in results), "Entries": results}

    def _put(self, entry: Data, region: str) -> Data:
        try:
            detail = _checked(entry)
        except AwsError as error:
            return {"ErrorCode": error.code, "ErrorMessage": error.message}
        about = {
            "detail-type": entry["DetailType"],
            "source": entry["Source"],
            "resources": entry.get("Resources", []),
            "detail": detail,
        }
        return {"EventId": self._bus.put(about, region, time=entry.get("Time"))}


def _check_emulated(entry: Data, region: str, path: str) -> None:
    bus = entry.get("EventBusName", DEFAULT_BUS)
    if bus not in {DEFAULT_BUS, bus_arn(region)}:
        raise refusal(f"{path}EventBusName={bus}")
    if "TraceHeader" in entry:
        raise refusal(f"{path}TraceHeader")


def _size(entry: Data) -> int:
    texts = [*(entry.get(member, "") for member in _REQUIRED), *entry.get("Resources", ())]
    return sum(len(text.encode()) for text in texts) + (_TIME if "Time" in entry else 0)


def _checked(entry: Data) -> Mapping[str, object]:
    """Return an entry's detail; raises AwsError with what the entry's own answer says."""
    for member in _REQUIRED:
        if not entry.get(member):
            reason = f"{member} is a required argument."
            raise AwsError("InvalidArgument", f"Parameter {member} is not valid. Reason: {reason}")
    if entry["Source"].startswith("aws."):
        raise AwsError("NotAuthorizedForSourceException", "Not authorized for the source.")
    try:
        detail = json.loads(entry["Detail"], parse_constant=_no_constant)
    except (ValueError, RecursionError):
        detail = None
    if not isinstance(detail, dict):
        raise AwsError("MalformedDetail", "Detail is malformed.")
    return detail


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON")
