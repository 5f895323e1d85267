"""T3 and T3b: killed before and after every AWS call, the application ends where it would have ended undisturbed.

A moment stands for all boundaries of calls at which AWS holds the same (`kills`). An ordinary test run takes a seeded
sample of them; `--everything` takes all, and `--kill-seeds N` more drawn tales.
"""

from collections.abc import Iterable, Sequence
from random import Random
from typing import TypeVar

import pytest

from tests.chalicelib.aws.account import When
from tests.chalicelib.reliability.kills import (
    TALES,
    Boundary,
    Tale,
    check_killed,
    left,
    live,
    moments,
    random_tale,
)

SAMPLED = 30
PHASES: tuple[When, When] = ("before", "after")
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
    """Killed before or after any call on the way from an upload to a live model, it ends as if nothing had been.

    Here none is left out because AWS holds the same at another.
    """
    tale = TALES["upload"]
    kills = [((number, when),) for number in range(1, live(tale).account.calls + 1) for when in PHASES]
    check_kills(tale, sample(kills, SAMPLED, everything=everything))


@pytest.mark.parametrize("name", sorted(TALES))
def test_every_moment(name: str, everything: bool) -> None:  # noqa: FBT001 - a fixture
    """Killed at any moment, every tale ends as if nothing had been (row 26)."""
    kills = [(moment,) for moment in moments(TALES[name])]
    check_kills(TALES[name], sample(kills, SAMPLED // 4, everything=everything))


def test_seeds(request: pytest.FixtureRequest, everything: bool) -> None:  # noqa: FBT001 - a fixture
    """Killed at any moment, tales drawn from seeds end as if nothing had been."""
    for seed in range(request.config.getoption("--kill-seeds")):
        tale = random_tale(seed)
        check_kills(tale, sample([(moment,) for moment in moments(tale)], 5, everything=everything))


@pytest.mark.parametrize("name", sorted(TALES))
def test_double_kills(name: str, everything: bool) -> None:  # noqa: FBT001 - a fixture
    """Killed at any moment and again at any later one, on the way or while it recovers, every tale ends the same."""
    tale = TALES[name]
    for first in sample(moments(tale), 2, everything=everything):
        pairs = [(first, second) for second in moments(tale, [first]) if second[0] > first[0]]
        check_kills(tale, sample(pairs, 2, everything=everything))
