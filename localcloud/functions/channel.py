"""A conversation with a worker process in lines over its pipes, each exchange bounded in time and in bytes."""

import contextlib
import os
import selectors
import time

from localcloud.errors import AnswerTooLargeError, ChannelClosedError
from localcloud.processes import Child

_PIECE = 1_048_576


class Channel:
    """The pipes of one process; used by one thread at a time."""

    def __init__(self, process: Child, limit: int) -> None:
        if process.stdin is None or process.stdout is None:
            raise ValueError("the process has no pipes")
        self._input = process.stdin
        self._output = process.stdout
        self._limit = limit
        for pipe in (self._input, self._output):
            os.set_blocking(pipe.fileno(), False)

    def ask(self, line: bytes, timeout: float) -> bytes:
        """Send a line and wait for the answer's line.

        Raises
        ------
        TimeoutError, ChannelClosedError, AnswerTooLargeError
            The conversation is then out of step: the process has to be replaced.
        """
        deadline = time.monotonic() + timeout
        self._send(line + b"\n", deadline)
        return self._receive(deadline)

    def receive(self, timeout: float) -> bytes:
        """Wait for a line that was not asked for; raises as `ask` does."""
        return self._receive(time.monotonic() + timeout)

    def close(self) -> None:
        """Close this side."""
        self._output.close()
        with contextlib.suppress(BrokenPipeError):  # what was not sent has no reader any more
            self._input.close()

    def _send(self, data: bytes, deadline: float) -> None:
        left = memoryview(data)
        while left:
            _wait(self._input.fileno(), selectors.EVENT_WRITE, deadline)
            try:
                left = left[os.write(self._input.fileno(), left[:_PIECE]) :]
            except BlockingIOError:
                continue
            except BrokenPipeError as error:
                raise ChannelClosedError from error

    def _receive(self, deadline: float) -> bytes:
        pieces: list[bytes] = []
        size = 0
        while not (pieces and pieces[-1].endswith(b"\n")):  # the process says nothing between its answers
            _wait(self._output.fileno(), selectors.EVENT_READ, deadline)
            piece = os.read(self._output.fileno(), _PIECE)
            if not piece:
                raise ChannelClosedError
            size += len(piece)
            if size > self._limit:
                raise AnswerTooLargeError
            pieces.append(piece)
        return b"".join(pieces)


def _wait(descriptor: int, event: int, deadline: float) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, event)
        if not selector.select(max(0.0, deadline - time.monotonic())):
            raise TimeoutError
