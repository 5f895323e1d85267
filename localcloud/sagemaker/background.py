"""Threads that work after a request was answered; `Background.close` ends them and waits for so long, no longer."""

import logging
import threading
import time
from collections.abc import Callable

from localcloud.clock import Clock
from localcloud.errors import StoppedError

log = logging.getLogger(__name__)
_AGAIN = 1.0  # seconds, real ones, after which work that must go on and failed is begun anew


class Background:
    """Starts daemon threads and knows whether the local cloud is closing."""

    def __init__(self, clock: Clock) -> None:
        self.closing = threading.Event()
        self._clock = clock
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []

    def start(self, name: str, work: Callable[[], None]) -> None:
        """Do ``work`` that ends by itself in a thread of its own: the clock does not pass it."""
        self._clock.begin()
        if not self._start(name, work, self._clock.end):
            self._clock.end()

    def keep(self, name: str, work: Callable[[], None]) -> None:
        """Do ``work`` that goes on until the local cloud closes; a `StoppedError` ends it quietly.

        It ends when it returns; one that fails is begun anew.
        """
        self._start(name, lambda: self._keep(work), lambda: None)

    def sleep(self, seconds: float) -> None:
        """Wait, in work that ends, for the cloud's time; raises StoppedError when the cloud closes meanwhile."""
        if self._clock.sleep(seconds, self.closing):
            raise StoppedError("the local cloud is closing")

    def pause(self, seconds: float) -> None:
        """Wait, in work that goes on, in real time; raises StoppedError when the cloud closes meanwhile."""
        if self.closing.wait(seconds):
            raise StoppedError("the local cloud is closing")

    def close(self, wait: float) -> None:
        """Tell every thread to end and wait for them, ``wait`` seconds in all."""
        self.closing.set()
        deadline = time.monotonic() + wait
        with self._lock:
            threads = list(self._threads)
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
            if thread.is_alive():
                log.warning("thread_left_behind thread=%s", thread.name)

    def _start(self, name: str, work: Callable[[], None], after: Callable[[], None]) -> bool:
        thread = threading.Thread(target=self._run, args=(work, after), name=f"sagemaker-{name}", daemon=True)
        with self._lock:
            if self.closing.is_set():
                return False
            self._threads = [other for other in self._threads if other.is_alive()]
            self._threads.append(thread)
            thread.start()
            return True

    def _keep(self, work: Callable[[], None]) -> None:
        while True:
            try:
                work()
            except StoppedError:
                raise
            except Exception:  # as below; a full disk for one must not end what everybody relies on
                log.exception("background_failed thread=%s", threading.current_thread().name)
            else:
                return
            self.pause(_AGAIN)

    @staticmethod
    def _run(work: Callable[[], None], after: Callable[[], None]) -> None:
        try:
            work()
        except StoppedError:
            return
        except Exception:  # the thread's outermost edge: nobody else would tell
            log.exception("background_failed thread=%s", threading.current_thread().name)
        finally:
            after()
