"""`freshet retrain`, `rollback`, `approve`, `reject` and `drift` on a deployment of paper."""

import pytest

from chalicelib.services.stories import Story
from tests.cli.commands.running import lines, run
from tests.cli.fakes import LIVE, FakeConnection, story

WISHES = [
    (["retrain", "reviews"], "retrain reviews forced=False"),
    (["retrain", "reviews", "--force"], "retrain reviews forced=True"),
    (["rollback", "reviews"], "roll back reviews to=None"),
    (["rollback", "reviews", "--to", "1"], "roll back reviews to=1"),
    (["approve", "reviews", "4"], "judge reviews 4 approved=True"),
    (["reject", "reviews", "4"], "judge reviews 4 approved=False"),
    (["drift", "reviews"], "check reviews 24"),
    (["drift", "reviews", "--hours", "1.5"], "check reviews 1.5"),
]


@pytest.mark.parametrize(("arguments", "wish"), WISHES)
def test_wished(arguments: list[str], wish: str) -> None:
    """What is asked for is wished first, and then somebody is asked to look."""
    connection = FakeConnection()
    result = run([*arguments, "--json"], connection)
    assert result.exit_code == 0
    assert connection.wishes == [wish, "look at reviews"]
    (document,) = lines(result)
    assert document["pipeline"] == "reviews"


@pytest.mark.parametrize("arguments", [arguments for arguments, _ in WISHES])
def test_not_granted(arguments: list[str]) -> None:
    """What cannot be granted is exit code 2 with the reason, and nobody is asked to look."""
    connection = FakeConnection(denied="there is no version 4")
    result = run(arguments, connection)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "there is no version 4" in result.stderr
    assert connection.wishes == []


@pytest.mark.parametrize("arguments", [arguments for arguments, _ in WISHES])
def test_nobody_can_be_asked(arguments: list[str]) -> None:
    """Where no look can be asked for, the wish stands, and a note says who will look."""
    result = run([*arguments, "--json"], FakeConnection(deaf=True))
    assert result.exit_code == 0
    assert "the next sweep will" in result.stderr
    assert len(lines(result)) == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["rollback", "reviews"], "reviews: version 2 is wanted from now on"),
        (["approve", "reviews", "4"], "reviews: version 4 is approved"),
        (["reject", "reviews", "4"], "reviews: version 4 is rejected"),
        (["retrain", "reviews"], "a run of reviews is wished for"),
        (["drift", "reviews"], "a drift check of reviews is wished for"),
    ],
)
def test_shows(arguments: list[str], words: str) -> None:
    """A person reads what was done."""
    assert words in run(arguments).stdout


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ([None, story("preparing"), LIVE], 0),
        ([story("not started", reason="nothing new to learn from")], 0),
        ([story("held")], 3),
        ([story("refused")], 4),
        ([story("failed")], 5),
        ([None], 124),
    ],
)
def test_retrain_wait(script: list[Story | None], code: int) -> None:
    """The exit code tells what came of a wish for a run."""
    result = run(["retrain", "reviews", "--wait", "--timeout", "60", "--json"], FakeConnection(script))
    assert result.exit_code == code
    assert [line["state"] for line in lines(result)] == [told.state if told else "waiting" for told in script]
    assert {line["wish_id"] for line in lines(result)} == {"wish-1"}


def test_nothing_new() -> None:
    """A person reads why nothing was started."""
    shown = run(["retrain", "reviews", "--wait"], FakeConnection([story("not started", reason="nothing new")])).stdout
    assert shown.splitlines()[-1].rstrip() == "not started  nothing new"


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ([story("rolling out"), story("live")], 0),
        ([story("replaced")], 0),
        ([story("rolled back")], 3),
        ([story("failed")], 5),
        ([story("rolling out")], 124),
    ],
)
def test_rollback_wait(script: list[Story | None], code: int) -> None:
    """With --wait a rollback ends when the endpoint runs the version, and the exit code tells whether it does."""
    result = run(["rollback", "reviews", "--to", "1", "--wait", "--timeout", "60", "--json"], FakeConnection(script))
    assert result.exit_code == code
    assert {line["version"] for line in lines(result)} == {1}


@pytest.mark.parametrize(
    "arguments",
    [
        ["retrain", "unknown"],
        ["rollback"],
        ["rollback", "reviews", "--to", "0"],
        ["approve", "reviews"],
        ["approve", "reviews", "one"],
        ["reject", "reviews", "-1"],
    ],
)
def test_usage(arguments: list[str]) -> None:
    """Wrong usage is exit code 2, and nothing is wished for."""
    connection = FakeConnection()
    assert run(arguments, connection).exit_code == 2
    assert connection.wishes == []


@pytest.mark.parametrize(
    ("state", "code"), [("no drift", 0), ("drift", 3), ("not enough data", 4), ("failed", 5), ("not started", 0)]
)
def test_what_a_check_found(state: str, code: int) -> None:
    """With --wait the exit code says what a drift check found."""
    result = run(["drift", "reviews", "--wait", "--json"], FakeConnection([None, story("checking"), story(state)]))
    assert result.exit_code == code
    assert lines(result)[-1]["state"] == state
