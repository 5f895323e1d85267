"""The application on fakes, behind a gateway in this process."""

import pytest

from chalicelib import bootstrap
from chalicelib.bootstrap import Services
from tests.chalicelib.gateway import Gateway


@pytest.fixture
def gateway(services: Services, monkeypatch: pytest.MonkeyPatch) -> Gateway:
    monkeypatch.setenv("FRESHET_STAGE", "dev")
    monkeypatch.setattr(bootstrap, "services", lambda: services)
    from app import app  # noqa: PLC0415 - reads the stage's name when imported

    return Gateway(app)
