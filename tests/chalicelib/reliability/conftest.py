"""A world with the adapters on it, for tests that tell one story."""

from collections.abc import Iterator

import pytest

from tests.chalicelib.aws.world import World, on


@pytest.fixture
def world() -> Iterator[World]:
    with on(World()) as ready:
        yield ready


@pytest.fixture
def everything(request: pytest.FixtureRequest) -> bool:
    """Say whether the full counts are asked for, and not a sample of them."""
    return bool(request.config.getoption("--everything"))
