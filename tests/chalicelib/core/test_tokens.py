"""Tokens: how they are spelled, found in a header, and kept."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.errors import InvalidRequestError
from chalicelib.core.tokens import bearer, check_name, digest, spell


@given(st.binary(min_size=32, max_size=32), st.sampled_from(["Bearer ", "bearer ", " BEARER   "]))
def test_header(secret: bytes, scheme: str) -> None:
    """A token fits into a header and is found there again, whatever the scheme's case."""
    token = spell(secret)
    assert len(token) == 43
    assert bearer(f"{scheme}{token} ") == token


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic YTpi", "token", "Bearertoken"])
def test_no_token(header: str) -> None:
    """Any other header holds no token."""
    assert bearer(header) == ""


@given(st.text(st.characters()), st.text(st.characters()))
def test_digest(one: str, two: str) -> None:
    """Every text has a digest, and different ones have different digests."""
    assert (digest(one) == digest(two)) == (one == two)
    assert len(digest(one)) == 64


@pytest.mark.parametrize("name", ["", "a b", "-a", "é", "a\n", "a" * 65])
def test_names(name: str) -> None:
    """A name that could not be written everywhere is refused."""
    with pytest.raises(InvalidRequestError, match="is no name"):
        check_name(name)
