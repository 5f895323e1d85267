"""Races of many threads on one pipeline: they start at once, and give way to each other at calls drawn from a seed."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random

from chalicelib.core.errors import FreshetError
from tests.chalicelib.aws.account import When
from tests.chalicelib.aws.world import World

THREADS = 16
_GIVES_WAY = 0.2  # of all boundaries of calls


def race(world: World, seed: int, *runners: Callable[[World], object]) -> list[FreshetError]:
    """Let threads run at once, each one of the runners in turn; return what they raised that is ours.

    An error that is not ours fails the test, as it would fail a handler.
    """
    random, barrier = Random(seed), threading.Barrier(THREADS)  # noqa: S311 - a seed
    raised: list[FreshetError] = []
    foreign: list[BaseException] = []

    def give_way(when: When, number: int, operation: str) -> None:  # noqa: ARG001 - a fault's signature
        if random.random() < _GIVES_WAY:
            time.sleep(random.random() / 5000)

    def run(number: int) -> None:
        barrier.wait()
        try:
            runners[number % len(runners)](world)
        except FreshetError as error:
            raised.append(error)
        except BaseException as error:  # noqa: BLE001 - a thread's errors are raised where it is joined
            foreign.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(THREADS)]
    with _nimble():
        world.account.fault, before = give_way, world.account.fault
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        world.account.fault = before
    if foreign:
        raise foreign[0]
    return raised


@contextmanager
def _nimble() -> Iterator[None]:
    """Let Python change threads often."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)
