"""A small program beside the local cloud that ends what the cloud started, when the cloud is killed.

It reads lines from its standard input, a pipe only the cloud writes to: ``+ID`` a process group was started, ``-ID``
it has ended. The end of the input means that the cloud is gone, also after SIGKILL, which nothing else in the cloud
could see; then every group left gets SIGTERM, a short grace, and SIGKILL. Chosen over ``PR_SET_PDEATHSIG``, which is
Linux's alone and fires already when the *thread* that spawned ends. The price: one idle interpreter, and a process
that leaves its group is not found.
"""

import os
import signal
import sys
import time
from collections.abc import Iterable

GRACE = 0.5  # seconds between SIGTERM and SIGKILL


def living_groups(lines: Iterable[bytes]) -> set[int]:
    """Follow the announcements to their end; the groups that were started and not ended."""
    groups: set[int] = set()
    for line in lines:
        text = line.strip()
        if text.startswith(b"+"):
            groups.add(int(text[1:]))
        elif text.startswith(b"-"):
            groups.discard(int(text[1:]))
    return groups


def signal_group(group: int, number: int) -> bool:
    """Send a signal to a process group; whether anyone was left to get it."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):  # macOS says EPERM of a group of zombies
        return False
    return True


def main() -> None:
    """Wait for the end of standard input, then end every group left."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # a Ctrl-C meant for the cloud must not take its reaper first
    groups = living_groups(sys.stdin.buffer)
    left = {group for group in groups if signal_group(group, signal.SIGTERM)}
    deadline = time.monotonic() + GRACE
    while left and time.monotonic() < deadline:
        time.sleep(0.02)
        left = {group for group in left if signal_group(group, 0)}
    for group in left:
        signal_group(group, signal.SIGKILL)


if __name__ == "__main__":
    main()
