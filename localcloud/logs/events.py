"""Requests about log events: PutLogEvents with its limits, GetLogEvents with tokens both ways, FilterLogEvents.

Source: CloudWatch Logs API Reference, the page of each operation.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from localcloud.database import Database
from localcloud.logs.filter_pattern import compile_filter
from localcloud.logs.groups import named_group
from localcloud.logs.refusals import invalid, only
from localcloud.logs.store import START, Event, Group, Position, Store, Stream

Data = Mapping[str, Any]
_MOST_BYTES = 1_048_576  # of a batch that is put, and of an answer
_EVENT_BYTES = 26  # that each event counts besides its text
_MOST_EVENTS = 10_000
_DAY = 86_400_000
_TOO_NEW = 2 * 3_600_000
_TOO_OLD = 14 * _DAY
_NEVER = 1 << 62  # a time after all others
_SCAN = 1000  # events that are looked at in one go
_TOKEN = re.compile(r"([fb])/(-?\d+)/(\d+)")


class Events:
    """The requests about events."""

    def __init__(self, database: Database, store: Store) -> None:
        self._database = database
        self._store = store

    def put(self, request: Data, region: str) -> Data:
        """PutLogEvents; a sequence token is taken and not looked at, as AWS does."""
        only(request, "logGroupName logStreamName logEvents sequenceToken")
        events = [(event["timestamp"], event["message"]) for event in request["logEvents"]]
        _check(events)
        with self._database.transaction():
            group = self._store.group(region, request["logGroupName"])
            stream = self._store.stream(group, request["logStreamName"])
            accepted, rejected = _sorted_out(events, self._store.now(), group.retention)
            self._store.add_events(group, stream, accepted)
        return {"nextSequenceToken": f"{self._store.now():056d}", "rejectedLogEventsInfo": rejected or None}

    def get(self, request: Data, region: str) -> Data:
        """GetLogEvents: the newest page, or from a token; at the end the same token comes back."""
        only(
            request,
            "logGroupName logGroupIdentifier logStreamName startTime endTime nextToken limit startFromHead",
        )
        group = named_group(self._store, request, region)
        stream = self._store.stream(group, request["logStreamName"])
        start, end, most = (
            request.get("startTime", 0),
            request.get("endTime", _NEVER),
            request.get("limit", _MOST_EVENTS),
        )
        forward, place = _read_token(request)
        if forward:
            found = _cut(self._store.forward(group, stream, max(place, (start, 0)), end, most))
        else:
            found = _cut(self._store.backward(stream, start, min(place, (end, 0)), most)[::-1])[::-1]
        first, after = ((found[0].time, found[0].id), found[-1].after) if found else (place, place)
        return {
            "events": [{"timestamp": it.time, "message": it.message, "ingestionTime": it.ingested} for it in found],
            "nextForwardToken": f"f/{after[0]}/{after[1]}",
            "nextBackwardToken": f"b/{first[0]}/{first[1]}",
        }

    def filter(self, request: Data, region: str) -> Data:
        """FilterLogEvents: over all streams, or some, in the order of the events' times."""
        only(
            request,
            "logGroupName logGroupIdentifier logStreamNames logStreamNamePrefix startTime endTime filterPattern "
            "nextToken limit interleaved",
        )
        accepts = compile_filter(request.get("filterPattern", ""))
        group = named_group(self._store, request, region)
        names = {stream.id: stream.name for stream in self._searched(group, request)}
        start = (request.get("startTime", 0), 0)
        if "nextToken" in request:
            start = max(start, _read_token(request)[1])
        found, more = self._scan(group, start, request, lambda it: it.stream in names and accepts(it.message))
        told = [
            {
                "logStreamName": names[it.stream],
                "timestamp": it.time,
                "message": it.message,
                "ingestionTime": it.ingested,
                "eventId": f"{it.time:020d}{it.id:036d}",
            }
            for it in found
        ]
        return {"events": told, "searchedLogStreams": [], "nextToken": more}

    def _searched(self, group: Group, request: Data) -> Iterator[Stream]:
        names, prefix = request.get("logStreamNames"), request.get("logStreamNamePrefix")
        if names is not None and prefix is not None:
            raise invalid("logStreamNames and logStreamNamePrefix are mutually exclusive parameters.")
        if names is not None:
            return iter([self._store.stream(group, name) for name in names])
        return (stream for stream in self._store.streams(group) if stream.name.startswith(prefix or ""))

    def _scan(
        self, group: Group, start: Position, request: Data, wanted: Callable[[Event], bool]
    ) -> tuple[list[Event], str | None]:
        """Collect a page; the token of the next one, if there may be one."""
        end, most = request.get("endTime", _NEVER) + 1, request.get("limit", _MOST_EVENTS)
        found: list[Event] = []
        size = 0
        while looked := self._store.forward(group, None, start, end, _SCAN):
            for it in looked:
                if wanted(it):
                    if len(found) == most or size + it.size > _MOST_BYTES:
                        return found, f"f/{it.time}/{it.id}"
                    found.append(it)
                    size += it.size
            start = looked[-1].after
        return found, None


def _check(events: Sequence[tuple[int, str]]) -> None:
    size = sum(len(message.encode()) + _EVENT_BYTES for _, message in events)
    if size > _MOST_BYTES:
        raise invalid(f"Upload too large: {size} bytes exceeds limit of {_MOST_BYTES}")
    if any(after[0] < before[0] for before, after in pairwise(events)):
        raise invalid("Log events in a single PutLogEvents request must be in chronological order.")
    if events[-1][0] - events[0][0] > _DAY:
        raise invalid("The batch of log events in a single PutLogEvents request cannot span more than 24 hours.")


def _sorted_out(
    events: Sequence[tuple[int, str]], now: int, retention: int | None
) -> tuple[Sequence[tuple[int, str]], dict[str, int]]:
    """Leave out what is too new, too old or not retained any more; the answer's word about them."""
    old = sum(time < now - _TOO_OLD for time, _ in events)
    expired = 0 if retention is None else sum(time < now - retention * _DAY for time, _ in events)
    new = sum(time > now + _TOO_NEW for time, _ in events)
    rejected = {
        "tooNewLogEventStartIndex": len(events) - new if new else None,
        "tooOldLogEventEndIndex": old or None,
        "expiredLogEventEndIndex": expired or None,
    }
    return events[max(old, expired) : len(events) - new], {
        name: index for name, index in rejected.items() if index is not None
    }


def _read_token(request: Data) -> tuple[bool, Position]:
    """Return whether to go forward, and from where."""
    token = request.get("nextToken")
    if token is None:
        head = request.get("startFromHead", False)
        return head, START if head else (_NEVER, 0)
    found = _TOKEN.fullmatch(token)
    if found is None:
        raise invalid("The specified nextToken is invalid.")
    return found[1] == "f", (int(found[2]), int(found[3]))


def _cut(events: Sequence[Event]) -> Sequence[Event]:
    """Return as many of the first events as an answer may hold, and one at least."""
    size = 0
    for index, it in enumerate(events):
        size += it.size
        if index and size > _MOST_BYTES:
            return events[:index]
    return events
