"""The history of a local cloud: one JSON line per call, event, invocation and failed delivery.

It has names, ids and times, never bodies.
"""

import json
import logging
import re
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

log = logging.getLogger(__name__)


_ENVELOPE = re.compile(rb'\{"version": "0", "id": "([\w-]{1,64})"')


def event_id(text: bytes) -> str | None:
    """Return the id of an event of EventBridge's; None of any other message."""
    found = _ENVELOPE.match(text)
    return found[1].decode() if found else None


class History:
    """Appends to one file; safe to use from several threads."""

    def __init__(self, path: Path, now: Callable[[], datetime]) -> None:
        self._now = now
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("ab", buffering=0)  # nothing that could not be written is kept

    def record(
        self, kind: str, service: str, operation: str, status: int | str, duration: float, **more: object
    ) -> None:
        """Write one line.

        ``kind`` is call, event, delivery or invoke; ``duration`` in seconds is written as milliseconds; ``more`` are
        ids, names of resources and codes of errors, without those that are None.
        """
        line = json.dumps(
            {
                "time": self._now().isoformat(timespec="milliseconds"),
                "kind": kind,
                "service": service,
                "operation": operation,
                "status": status,
                "ms": round(duration * 1000, 1),
                **{name: value for name, value in more.items() if value is not None},
            }
        )
        with self._lock:
            if not self._file.closed:  # a call may end after the cloud has stopped
                try:
                    self._file.write(line.encode() + b"\n")
                except OSError as error:  # a full disk must not fail the call that is noted here
                    log.error("history_not_written error=%s", error.strerror)  # noqa: TRY400  said all

    def close(self) -> None:
        """Write nothing more."""
        with self._lock:
            self._file.close()
