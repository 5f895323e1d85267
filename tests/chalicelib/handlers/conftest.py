"""The Chalice application on an account in memory: its functions, and its routes behind a gateway in this process."""

from collections.abc import Iterator

import pytest
from chalice.test import Client

from chalicelib import bootstrap
from chalicelib.bootstrap import Services
from tests.chalicelib.gateway import Gateway


@pytest.fixture
def application(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the application of this process use the services on the account."""
    monkeypatch.setenv("FRESHET_STAGE", "dev")
    monkeypatch.setattr(bootstrap, "services", lambda: services)


@pytest.fixture
def client(application: None) -> Iterator[Client]:  # noqa: ARG001
    """Give the application's functions."""
    from app import app  # noqa: PLC0415 - reads the stage's name when imported

    with Client(app) as client:
        yield client


@pytest.fixture
def gateway(application: None) -> Gateway:  # noqa: ARG001
    """Give the application's routes."""
    from app import app  # noqa: PLC0415 - reads the stage's name when imported

    return Gateway(app)
