"""T19: the tests' own test. Each planted bug is caught by the test that docs/testing.md names beside it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from chalicelib.core.errors import DeniedError
from tests.chalicelib.aws.refusals import refused
from tests.chalicelib.aws.world import World, on
from tests.chalicelib.reliability import (
    planted,
    test_jobs,
    test_kills,
    test_lost_events,
    test_permutations,
    test_races,
    test_refused_calls,
    test_rollout,
    test_uploads,
    test_visibility,
)

Plant = Callable[[pytest.MonkeyPatch], None]
SEEDS = 25  # of what happens by chance: one of them must show the bug
DOCS = Path(__file__).parents[3] / "docs" / "testing.md"


def told(test: Callable[[World], None]) -> Callable[[], None]:
    """Run a test that tells one story on a world of its own."""

    def run() -> None:
        with on(World()) as world:
            test(world)

    return run


def drawn(check: Callable[[int], None]) -> Callable[[], None]:
    """Run a check on seeds."""

    def run() -> None:
        for seed in range(SEEDS):
            check(seed)

    return run


def denied() -> None:
    """Refuse a training job for want of a permission."""
    test_refused_calls.check_refusal(
        "create_training_job", refused("AccessDenied", 403), "AccessDenied", DeniedError, "before"
    )


PLANTED: dict[Plant, tuple[str, Callable[[], None]]] = {
    planted.drop_the_fence: ("test_races.test_upload_races", drawn(test_races.check_uploads_race)),
    planted.overwrite_verdicts: ("test_uploads.test_first_verdict_stays", told(test_uploads.test_first_verdict_stays)),
    planted.random_names: (
        "test_jobs.test_failed_for_good",
        told(lambda world: test_jobs.test_failed_for_good(world, "AlgorithmError: exit code 1")),
    ),
    planted.believe_the_event: ("test_lost_events.test_first_sweep", test_lost_events.test_first_sweep),
    planted.ignore_stopped: ("test_jobs.test_stopped", lambda: test_jobs.test_stopped("train")),
    planted.trust_in_service: ("test_rollout.test_silent_rollback", told(test_rollout.test_silent_rollback)),
    planted.retry_for_ever: ("test_jobs.test_attempts", lambda: test_jobs.test_attempts("train")),
    planted.forget_bad_marks: ("test_lost_events.test_after_a_rollback", test_lost_events.test_after_a_rollback),
    planted.oldest_version: (
        "test_permutations.test_permutations",
        drawn(lambda seed: test_permutations.check_story(seed, "all")),
    ),
    planted.swallow_errors: ("test_refused_calls.test_refused", denied),
    planted.act_before_writing: (
        "test_rollout.test_noted_before_it_is_asked",
        told(test_rollout.test_noted_before_it_is_asked),
    ),
    planted.skip_the_pin: (
        "test_uploads.test_overwritten_before_the_copy",
        told(test_uploads.test_overwritten_before_the_copy),
    ),
    planted.settle_no_superseded: (
        "test_permutations.test_permutations",
        drawn(lambda seed: test_permutations.check_story(seed, "latest")),
    ),
    planted.adopt_strangers: ("test_rollout.test_stranger", told(test_rollout.test_stranger)),
    planted.mark_what_was_never_taken: ("test_rollout.test_busy_and_killed", told(test_rollout.test_busy_and_killed)),
    planted.forget_the_token: (
        "test_visibility.test_hidden",
        told(lambda world: test_visibility.test_hidden(world, "list_model_packages", "create_model_package", 3)),
    ),
    planted.name_by_the_moment: (
        "test_kills.test_every_call",
        lambda: test_kills.test_every_call(everything=True),
    ),
}


@pytest.mark.parametrize("bug", PLANTED, ids=lambda bug: bug.__name__)
def test_planted(bug: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test that is named for a bug fails where the bug is planted, and not because it took too long."""
    bug(monkeypatch)
    with pytest.raises((AssertionError, pytest.fail.Exception)) as caught:
        PLANTED[bug][1]()
    assert "Timeout" not in str(caught.value)


def test_documented() -> None:
    """docs/testing.md names each planted bug, what it does, and the test that catches it."""
    rows = [f"| `{bug.__name__}` | {bug.__doc__} | `{test}` |" for bug, (test, _) in PLANTED.items()]
    _, _, part = DOCS.read_text(encoding="utf-8").partition("# The planted bugs")
    table = [line for line in part.splitlines() if line.startswith("| `")]
    assert table == rows
