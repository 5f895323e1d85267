"""What happens beside a running job: a look every so often, and one more after its processes have ended."""

import logging
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Protocol, Self

from localcloud.errors import WorkError

log = logging.getLogger(__name__)


class Look(Protocol):
    """One look at what a job has done so far; ``last``: it will do no more."""

    def __call__(self, *, last: bool = False) -> None:
        """Look; raises WorkError."""


class JobWatch:
    """Looks while the block runs and once at its end; only the last look's WorkError leaves it."""

    def __init__(self, looks: Sequence[Look], every: float) -> None:
        self._looks = looks
        self._every = every
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="sagemaker-job-watch", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        if error is None:
            for look in self._looks:
                look(last=True)

    def _watch(self) -> None:
        while not self._over.wait(self._every):
            for look in self._looks:
                try:
                    look()
                except WorkError as error:  # the next look may succeed; the last one tells the job
                    log.warning("job_look_failed error=%s", error)
