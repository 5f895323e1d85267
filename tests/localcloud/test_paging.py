import base64
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.errors import AwsError
from localcloud.paging import page, read_token, write_token

WRONG = AwsError("ValidationException", "Invalid NextToken")
NAMES = st.lists(st.text(max_size=3), unique=True)


def key(name: str) -> tuple[str]:
    return (name,)


@given(NAMES, st.integers(1, 4), st.booleans())
def test_pages_are_the_list(names: list[str], size: int, descending: bool) -> None:  # noqa: FBT001  drawn
    """The pages one after the other are the sorted list, each full but the last."""
    pages, token = [], None
    while True:
        found, token = page(names, key, size, token, wrong=WRONG, descending=descending)
        pages.append(list(found))
        if token is None:
            break
    assert [*chain(*pages)] == sorted(names, reverse=descending)
    assert all(len(each) == size for each in pages[:-1])


@given(NAMES, NAMES, st.integers(1, 4))
def test_what_comes_between_two_pages(names: list[str], others: list[str], size: int) -> None:
    """Entries that come between two pages neither repeat nor hide others."""
    first, token = page(names, key, size, None, wrong=WRONG)
    if token is not None:
        second, _ = page({*names, *others}, key, len(names) + len(others), token, wrong=WRONG)
        assert set(names) <= {*first, *second}
        assert set(first).isdisjoint(second)


@given(st.lists(st.text(), min_size=1).map(tuple))
def test_tokens(last: tuple[str, ...]) -> None:
    """A token is read as it was written."""
    assert read_token(write_token(last), WRONG) == last


OTHERS = [base64.b64encode(text).decode() for text in (b"\xff", b"[1]", b"[]", b"{}")]


@pytest.mark.parametrize("text", ["", "é", "a", *OTHERS])
def test_no_token(text: str) -> None:
    """What was never given is refused as its service refuses."""
    with pytest.raises(AwsError, match="Invalid NextToken"):
        read_token(text, WRONG)
