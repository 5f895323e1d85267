"""The application on an account in memory."""

from collections.abc import Iterator

import pytest

from chalicelib.bootstrap import Services
from tests.chalicelib.aws.world import World, on


@pytest.fixture
def world() -> Iterator[World]:
    """Give an empty account with the application on it."""
    with on(World()) as world:
        yield world


@pytest.fixture
def services(world: World) -> Services:
    """Give the services of the stage `dev` on it."""
    return world.services
