"""What the commands do with a deployment, on an account in memory."""

from collections.abc import Iterator

import pytest

from chalicelib.core.facts import Upload
from cli.connection import ServiceConnection
from cli.store import Store
from tests.chalicelib.aws.world import PIPELINE, STAGE, World, on
from tests.cli.fakes import address


@pytest.fixture
def world() -> Iterator[World]:
    """Give an empty account with the application on it."""
    with on(World()) as world:
        yield world


@pytest.fixture
def connection(world: World) -> ServiceConnection:
    return ServiceConnection(address(), world.services, Store())


def drop(world: World, name: str, content: str) -> Upload:
    """Store a file as a person does."""
    world.drop(name, content)
    upload = world.services.stories.storage.find_upload(STAGE.bucket_name, f"uploads/reviews/{name}", None)
    assert upload
    return upload


def test_uploads_coalesce(world: World, connection: ServiceConnection) -> None:
    """A file is nowhere before a look, waits while a run is active, and is then taken up with the others."""
    first = drop(world, "a.csv", "1")
    assert connection.run_of(PIPELINE, first) is None
    world.look()
    second, third = drop(world, "b.csv", "1\n2"), drop(world, "c.csv", "1\n3")
    waits = connection.run_of(PIPELINE, second)
    assert waits is not None
    assert (waits.state, waits.settled) == ("waiting", False)
    assert "a run is active" in waits.reason
    world.walk()
    told = [connection.run_of(PIPELINE, upload) for upload in (first, second, third)]
    assert [story.state for story in told if story] == ["replaced", "live", "live"]
    assert told[1] == told[2]


def test_retrain_keeps_the_first_wish(world: World, connection: ServiceConnection) -> None:
    """Who wishes while a wish waits is given that one to watch; forced if either is."""
    drop(world, "a.csv", "1")
    world.look()
    first = connection.retrain(PIPELINE, forced=False)
    assert connection.retrain(PIPELINE, forced=True) == first
    assert world.head.wish is not None
    assert world.head.wish.forced


def test_people_are_the_cause(world: World, connection: ServiceConnection) -> None:
    """Whatever a person asks for is written down as theirs, with the command."""
    for number in (1, 2):
        drop(world, f"{number}.csv", f"1\n{number}")
        world.walk()
    connection.retrain(PIPELINE, forced=False)
    connection.judge(PIPELINE, 1, approved=True)
    assert connection.roll_back(PIPELINE, None) == 1
    connection.ask_for_look(PIPELINE)
    causes = [decision.cause for decision in world.services.wishes.ledger.decisions(PIPELINE)][-3:]
    assert causes == [f"a person asked for it with `freshet {verb}`" for verb in ("retrain", "approve", "rollback")]
    assert PIPELINE in world.account.events[-1]
