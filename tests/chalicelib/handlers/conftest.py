"""The Chalice application on an account in memory."""

from collections.abc import Iterator

import pytest
from chalice.test import Client

from chalicelib import bootstrap
from chalicelib.bootstrap import Services


@pytest.fixture
def client(services: Services, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """Give the application's test client."""
    monkeypatch.setenv("FRESHET_STAGE", "dev")
    monkeypatch.setattr(bootstrap, "services", lambda: services)
    from app import app  # noqa: PLC0415 - reads the stage's name when imported

    with Client(app) as client:
        yield client
