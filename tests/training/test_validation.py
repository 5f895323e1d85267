from dataclasses import replace

import pytest

from chalicelib.core.spec import Column, PipelineSpec
from training.errors import BadValueError
from training.rows import Row
from training.validation import check_row

COLUMN = Column("x", "text")


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        (COLUMN, "fine", None),
        (replace(COLUMN, max_length=4), "fine", None),
        (replace(COLUMN, max_length=3), "fine", "has more than 3 characters"),
        (replace(COLUMN, categories=("a", "b")), "b", None),
        (replace(COLUMN, categories=("a", "b")), "secret", "must be one of a, b"),
        (replace(COLUMN, lowest=0, highest=1), 0.0, None),
        (replace(COLUMN, lowest=0, highest=1), 1.0, None),
        (replace(COLUMN, lowest=0, highest=1), -0.1, "is below 0"),
        (replace(COLUMN, lowest=0, highest=1.5), 1.6, "is above 1.5"),
        (COLUMN, None, None),
        (replace(COLUMN, lowest=0), None, None),
        (replace(COLUMN, required=True), None, "is missing"),
        (COLUMN, "a\0b", "holds a NUL character"),
        (COLUMN, "a\ud800", "holds half of a surrogate pair"),
    ],
)
def test_limits(spec: PipelineSpec, column: Column, value: object, reason: str | None) -> None:
    """A value within its column's limits passes; one beyond is named by column and rule, never by itself."""
    row = Row({"x": value}, "positive", None)  # type: ignore[dict-item] # numbers and missing values come with columns
    held = replace(spec, columns=(column,))
    if reason is None:
        assert check_row(held, row) is row
    else:
        with pytest.raises(BadValueError) as caught:
            check_row(held, row)
        assert str(caught.value) == f"column 'x' {reason}"


def test_groups_are_text_too(spec: PipelineSpec) -> None:
    """A group is held to what a text is, like a column."""
    with pytest.raises(BadValueError, match="column 'title' holds a NUL character"):
        check_row(spec, Row({"text": "x"}, "positive", "\0"))
