"""Who may write: tokens made, found, listed and ended."""

import secrets
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.core.errors import InvalidRequestError
from chalicelib.services.gatekeeper import Gatekeeper
from tests.chalicelib.fake_ledger import FakeTokens

NOW = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.fixture
def tokens() -> FakeTokens:
    return FakeTokens()


@pytest.fixture
def gatekeeper(tokens: FakeTokens) -> Gatekeeper:
    return Gatekeeper(tokens, secrets.token_bytes)


def test_token(gatekeeper: Gatekeeper, tokens: FakeTokens) -> None:
    """A token opens for its caller, and what is kept of it is not the token."""
    token = gatekeeper.create("ann", NOW)
    assert gatekeeper.caller(f"Bearer {token}") == "ann"
    assert token not in repr(tokens.rows)


@pytest.mark.parametrize("authorization", ["", "Bearer ", "Bearer x", "Basic YTpi"])
def test_stranger(gatekeeper: Gatekeeper, authorization: str) -> None:
    """Anything else opens nothing."""
    gatekeeper.create("ann", NOW)
    assert gatekeeper.caller(authorization) is None


def test_every_header_is_looked_up(gatekeeper: Gatekeeper, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ledger is asked whatever the header holds, so that nothing is learnt from the time."""
    asked: list[str] = []
    monkeypatch.setattr(gatekeeper.tokens, "find", asked.append)
    for authorization in ("", "Bearer ", "Basic YTpi", "Bearer x"):
        gatekeeper.caller(authorization)
    assert len(asked) == 4
    assert {len(digest) for digest in asked} == {64}


def test_list_and_revoke(gatekeeper: Gatekeeper) -> None:
    """Tokens are listed oldest first; revoking a name ends all of its tokens and no other."""
    new, old = gatekeeper.create("ann", NOW), gatekeeper.create("ann", NOW - timedelta(days=1))
    other = gatekeeper.create("ben", NOW)
    assert [token.created for token in gatekeeper.list()] == sorted(token.created for token in gatekeeper.list())
    assert gatekeeper.revoke("ann") == 2
    assert [gatekeeper.caller(f"Bearer {token}") for token in (new, old, other)] == [None, None, "ben"]
    assert gatekeeper.revoke("ann") == 0


def test_name(gatekeeper: Gatekeeper, tokens: FakeTokens) -> None:
    """A name that cannot be used makes no token."""
    with pytest.raises(InvalidRequestError):
        gatekeeper.create("a b", NOW)
    assert not tokens.rows
