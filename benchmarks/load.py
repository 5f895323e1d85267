"""Clients that ask without pause, and what they were answered: the load of benchmarks and end-to-end tests."""

import http.client
import itertools
import json
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

_TIMEOUT_S = 60


@dataclass(frozen=True)
class Answer:
    """One request: when it began and ended (seconds of `time.monotonic`), its status, and the version that answered."""

    client: int
    began: float
    ended: float
    status: int  # 0: the connection failed
    version: str

    @property
    def failed(self) -> bool:
        """Whether the caller got no prediction."""
        return self.status != http.HTTPStatus.OK


class Client:
    """One keep-alive connection to ``predict`` below an API's address."""

    def __init__(self, api_url: str) -> None:
        parts = urlsplit(api_url)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=_TIMEOUT_S)
        self._path = f"{parts.path}predict"

    def ask(self, document: object) -> tuple[int, dict[str, Any]]:
        """Ask for a prediction; a failed connection is status 0."""
        body = json.dumps(document).encode()
        try:
            self._connection.request("POST", self._path, body, {"Content-Type": "application/json"})
            response = self._connection.getresponse()
            return response.status, json.loads(response.read())
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            return 0, {"error": repr(error)}

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


@dataclass
class Load:
    """A context in which ``clients`` threads ask for ``bodies`` in turn, each as soon as it was answered."""

    api_url: str
    bodies: Sequence[object]
    clients: int
    answers: list[Answer] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Make the threads."""
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(number,)) for number in range(self.clients)]

    def __enter__(self) -> Self:
        """Start asking."""
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop asking; every request under way is waited for."""
        self._stop.set()
        for thread in self._threads:
            thread.join(_TIMEOUT_S)

    def went_back(self) -> bool:
        """Say whether any client, in the order of its own requests, was answered by an older version again."""
        return any(
            int(later.version) < int(earlier.version)
            for number in range(self.clients)
            for earlier, later in itertools.pairwise(
                answer for answer in self.answers if answer.client == number and not answer.failed
            )
        )

    def _ask(self, number: int) -> None:
        client = Client(self.api_url)
        for body in itertools.islice(itertools.cycle(self.bodies), number, None):
            if self._stop.is_set():
                break
            began = time.monotonic()
            status, answer = client.ask(body)
            self.answers.append(Answer(number, began, time.monotonic(), status, str(answer.get("model_version", ""))))
        client.close()
