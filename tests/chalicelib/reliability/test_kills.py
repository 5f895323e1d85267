"""T3 and T3b: killed before and after every AWS call, the application ends where it would have ended undisturbed.

An ordinary test run takes a seeded sample of the boundaries; `--everything` takes all of
them, and `--kill-seeds N` more drawn tales.
"""

from collections.abc import Iterable, Sequence
from random import Random

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
RECOVERY = 80  # calls after a kill within which the second one strikes


def check_kills(tale: Tale, kills: Iterable[Iterable[Boundary]]) -> None:
    """Claim: wherever a tale is killed, it leaves the same."""
    undisturbed = left(live(tale))
    for boundary in kills:
        check_killed(tale, boundary, undisturbed)


def sample(kills: Sequence[tuple[Boundary, ...]], count: int, *, everything: bool) -> Sequence[tuple[Boundary, ...]]:
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


def test_double_kills(everything: bool) -> None:  # noqa: FBT001 - a fixture
    """Killed again while it recovers, the walk to a live model ends as if nothing had been."""
    tale = TALES["upload"]
    first = boundaries(live(tale), reads=False)
    pairs: list[tuple[Boundary, ...]] = [
        (one, (one[0] + later, "after")) for one in first for later in range(1, RECOVERY)
    ]
    check_kills(tale, sample(pairs, SAMPLED, everything=everything))
