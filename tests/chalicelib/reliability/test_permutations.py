"""T1: whatever order events come in, and whatever else happens meanwhile, the end is right.

`--permutations N` takes the first N seeds; `--first-seed S --permutations 1` replays the one that a failure names.
"""

import pytest

from tests.chalicelib.aws.world import on
from tests.chalicelib.reliability.checker import check_all
from tests.chalicelib.reliability.scenario import POLICIES, Story


def check_story(seed: int, policy: str) -> None:
    """Claim: the story of a seed ends right."""
    story = Story(seed, POLICIES[policy])
    try:
        with on(story.play()):
            check_all(story.world, story.policy)
    except AssertionError as error:
        raise AssertionError(f"seed {seed}, policy {policy}: {error}") from error


@pytest.mark.parametrize("policy", sorted(POLICIES))
def test_permutations(policy: str, request: pytest.FixtureRequest) -> None:
    """Each content is trained once, no upload is lost, the newest data answer, and nothing is stuck."""
    first, count = (request.config.getoption(option) for option in ("--first-seed", "--permutations"))
    for seed in range(first, first + count):
        check_story(seed, policy)


@pytest.mark.parametrize("policy", sorted(POLICIES))
def test_replay(policy: str) -> None:
    """The same seed is the same history: every call of AWS, and everything that is left."""
    one, two = (Story(7, POLICIES[policy]).play() for _ in range(2))
    assert one.account.history == two.account.history
    assert one.account.tables == two.account.tables
    assert one.account.objects.versions == two.account.objects.versions
