"""T3 and T3b: killed before and after every AWS call, the application ends where it would have ended undisturbed.

An ordinary test run takes a seeded sample of the boundaries; `--everything` takes all of
them, and `--kill-seeds N` more drawn tales.
"""

from collections.abc import Iterable, Sequence
from random import Random
from typing import TypeVar

import pytest

from tests.chalicelib.reliability.kills import (
    TALES,
    Boundary,
    Tale,
    boundaries,
    check_killed,
    left,
    live,
    random_tale,
)

SAMPLED = 30


Kill = TypeVar("Kill")


def check_kills(tale: Tale, kills: Iterable[Iterable[Boundary]]) -> None:
    """Claim: wherever a tale is killed, it leaves the same."""
    undisturbed = left(live(tale))
    for boundary in kills:
        check_killed(tale, boundary, undisturbed)


def sample(kills: Sequence[Kill], count: int, *, everything: bool) -> Sequence[Kill]:
    """Return all kills or as many of them, the same each time."""
    if everything or len(kills) < count:
        return kills
    return Random(0).sample(kills, count)  # noqa: S311 - no secret


def test_every_call(everything: bool) -> None:  # noqa: FBT001 - a fixture
    """Killed before or after any call on the way from an upload to a live model, it ends as if nothing had been."""
    tale = TALES["upload"]
    kills = [(boundary,) for boundary in boundaries(live(tale), reads=True)]
    check_kills(tale, sample(kills, 3 * SAMPLED, everything=everything))


@pytest.mark.parametrize("name", sorted(TALES))
def test_every_change(name: str, everything: bool) -> None:  # noqa: FBT001 - a fixture
    """Killed before or after any call that changes something, every tale ends as if nothing had been (row 26)."""
    kills = [(boundary,) for boundary in boundaries(live(TALES[name]), reads=False)]
    check_kills(TALES[name], sample(kills, SAMPLED // 4, everything=everything))


def test_seeds(request: pytest.FixtureRequest, everything: bool) -> None:  # noqa: FBT001 - a fixture
    """Killed before or after any call, tales drawn from seeds end as if nothing had been."""
    for seed in range(request.config.getoption("--kill-seeds")):
        tale = random_tale(seed)
        kills = [(boundary,) for boundary in boundaries(live(tale), reads=True)]
        check_kills(tale, sample(kills, 5, everything=everything))


@pytest.mark.parametrize("name", sorted(TALES))
def test_double_kills(name: str, everything: bool) -> None:  # noqa: FBT001 - a fixture
    """Killed at a change and again after any later one, on the way or while it recovers, every tale ends the same.

    Before a change everything is as it was after the one before, so a second kill there is no other one.
    """
    tale = TALES[name]
    for first in sample(boundaries(live(tale), reads=False), 2, everything=everything):
        later = boundaries(live(tale, [first]), reads=False)
        pairs = [(first, one) for one in later if one[0] > first[0] and one[1] == "after"]
        check_kills(tale, sample(pairs, 2, everything=everything))
