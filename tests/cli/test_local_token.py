"""The token of a local cloud's owner."""

import secrets
from datetime import UTC, datetime
from pathlib import Path

import pytest

from chalicelib.services.gatekeeper import Gatekeeper
from cli import local_token
from tests.chalicelib.fake_ledger import FakeTokens

NOW = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.fixture
def gatekeeper() -> Gatekeeper:
    return Gatekeeper(FakeTokens(), secrets.token_bytes)


def test_same_after_a_restart(tmp_path: Path, gatekeeper: Gatekeeper) -> None:
    """Every start has the same token, which only its owner can read, and which opens also where the table is new."""
    token = local_token.admit(tmp_path, gatekeeper, NOW)
    assert (tmp_path / local_token.TOKEN_FILE).stat().st_mode & 0o777 == 0o600
    assert gatekeeper.caller(f"Bearer {token}") == local_token.CALLER
    emptied = Gatekeeper(FakeTokens(), secrets.token_bytes)
    assert local_token.admit(tmp_path, emptied, NOW) == token
    assert emptied.caller(f"Bearer {token}") == local_token.CALLER


def test_half_written(tmp_path: Path, gatekeeper: Gatekeeper) -> None:
    """A token that a kill left half written is no token: another is made."""
    (tmp_path / "token.part").write_text("half")
    assert len(local_token.admit(tmp_path, gatekeeper, NOW)) == 43
    assert not (tmp_path / "token.part").exists()


def test_unwritable(tmp_path: Path, gatekeeper: Gatekeeper) -> None:
    """Where no file can be, no token opens."""
    with pytest.raises(OSError, match="token"):
        local_token.admit(tmp_path / "nowhere", gatekeeper, NOW)
    assert not gatekeeper.list()
