"""Watching."""

import pytest

from chalicelib.services.stories import Story
from cli.errors import FailedError, NotPromotedError, OutcomeError, RefusedError, TimedOutError
from cli.watch import Patience, Sight, follow, of_upload, outcome
from tests.cli.fakes import LIVE, UPLOAD, FakeConnection, FakeTime, story


def sight(*script: Story | None) -> Sight:
    return of_upload("run", "reviews", UPLOAD, FakeConnection(script).run_of)


def test_until_settled() -> None:
    """It ends with the look that shows all settled, and what is settled is not asked about again."""
    time, fast, slow = FakeTime(), sight(LIVE, None), sight(None, story("training"), story("training"), LIVE)
    looks = list(follow((fast, slow), Patience(100, 2), time.clock()))
    assert [look[1].story.state if look[1].story else None for look in looks] == [None, "training", "training", "live"]
    assert all(look[0].story is not None for look in looks)
    assert time.seconds == 6


def test_until_time_is_over() -> None:
    """It ends in time, with a last look at that moment."""
    time = FakeTime()
    looks = list(follow((sight(story("training")),), Patience(5, 2), time.clock()))
    assert time.seconds == 5
    assert len(looks) == 4


@pytest.mark.parametrize(
    ("stories", "expected"),
    [
        ([LIVE], None),
        ([story("scored"), story("replaced")], None),
        ([LIVE, story("refused")], RefusedError),
        ([story("held"), LIVE], NotPromotedError),
        ([story("rolled back"), story("refused")], RefusedError),
        ([story("rejected"), story("training")], NotPromotedError),
        ([story("superseded"), story("not started")], None),
        ([story("refused"), story("failed")], FailedError),
        ([None], TimedOutError),
        ([story("training")], TimedOutError),
        ([story("training"), story("refused")], RefusedError),
    ],
)
def test_outcome(stories: list[Story | None], expected: type[OutcomeError] | None) -> None:
    """The worst end decides: failed, refused, not promoted, not in time."""
    connection = FakeConnection()
    patience = Patience(0, 1)
    looks = list(follow(tuple(sight(told) for told in stories), patience, FakeTime().clock()))
    problem = outcome(looks[-1], patience, connection.address)
    assert type(problem) is (expected or type(None))


def test_exit_codes() -> None:
    """The exit codes are those that the help promises."""
    assert [kind("").exit_code for kind in (NotPromotedError, RefusedError, FailedError, TimedOutError)] == [
        3,
        4,
        5,
        124,
    ]
