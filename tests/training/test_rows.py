import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.spec import Column, Learner, PipelineSpec, Split
from training.errors import BadValueError
from training.rows import SIDES, Row, content_digest, parse_row, uniform

TEXTS = st.text(st.characters(exclude_categories=()), min_size=1)
ROWS = st.builds(
    Row, st.fixed_dictionaries({"text": TEXTS}), st.sampled_from(["negative", "positive"]), st.none() | TEXTS
)


@given(st.lists(ROWS))
def test_digest_ignores_order(rows: list[Row]) -> None:
    """The content's digest is that of a set."""
    digests = np.array([row.digests.row for row in rows], np.uint64)
    assert content_digest(digests) == content_digest(digests[::-1])


@given(ROWS, ROWS)
def test_only_equal_rows_share_an_id(one: Row, other: Row) -> None:
    """A row's id says what is in it, down to lone surrogates."""
    assert (one.id == other.id) == (one == other)


@given(ROWS, ROWS)
def test_inputs_are_compared_without_group_and_label(one: Row, other: Row) -> None:
    """A text under two titles, or with two labels, has the digest of its inputs in common; a group's is its own."""
    assert (one.digests.inputs == other.digests.inputs) == (one.columns == other.columns)
    assert (one.digests.group == other.digests.group) == (one.group == other.group)


@given(ROWS, ROWS)
def test_group_decides_the_side(one: Row, other: Row) -> None:
    """Rows of one group are on one side whatever else they hold."""
    split = Split("s", 0.3, 0.3)
    together = Row(other.columns, other.label, one.group)
    if one.group is not None:
        assert together.side(split) == one.side(split)
    else:
        assert Row(one.columns, "positive", None).side(split) == Row(one.columns, "negative", None).side(split)


def test_sides_get_their_shares() -> None:
    """Over many groups the shares of the spec are met."""
    split = Split("s", 0.1, 0.2)
    sides = [Row({"text": "x"}, "positive", str(number)).side(split) for number in range(5000)]
    assert [round(sides.count(side) / 5000, 1) for side in SIDES] == [0.7, 0.1, 0.2]


@given(st.text(), st.text())
def test_hash_is_a_share(salt: str, key: str) -> None:
    """The hash space is [0, 1)."""
    assert 0 <= uniform(salt, key) < 1


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"label": "positive"}, "column 'text' is missing"),
        ({"text": None, "label": "positive"}, "column 'text' is missing"),
        ({"text": 5, "label": "positive"}, "column 'text' must be text"),
        ({"text": " \n", "label": "positive"}, "column 'text' is empty"),
        ({"text": "x", "label": "secret"}, "column 'label' must be one of negative, positive"),
        ({"text": "x"}, "column 'label' is missing"),
        ({"text": "x", "label": ""}, "column 'label' must be one of negative, positive"),
        ({"text": "x", "label": True}, "column 'label' must be text or a whole number"),
        ({"text": "x", "label": "positive", "title": 1.5}, "column 'title' must be text or a whole number"),
    ],
)
def test_bad_values_are_named_and_not_repeated(spec: PipelineSpec, values: dict[str, object], reason: str) -> None:
    """A refusal names the column and the rule, never the value."""
    with pytest.raises(BadValueError) as caught:
        parse_row(spec, values)
    assert str(caught.value) == reason


def test_group_may_be_absent(spec: PipelineSpec) -> None:
    """A row without a group, or with an empty one, stands alone; a number is its digits."""
    extras: list[dict[str, object]] = [{}, {"title": ""}, {"title": 7}, {"title": " a "}]
    groups = [parse_row(spec, {"text": "x", "label": "positive", **extra}).group for extra in extras]
    assert groups == [None, None, "7", "a"]


TABLE = PipelineSpec(
    name="table",
    title="",
    columns=(Column("size", "numeric"), Column("colour", "categorical")),
    target="price",
    labels=(),
    group=None,
    split=Split("s"),
    learner=Learner("tabular_boosting"),
    task="regression",
    missing=("", "?"),
)


@pytest.mark.parametrize(
    ("values", "columns"),
    [
        ({"size": "1.50", "colour": " red "}, {"size": 1.5, "colour": "red"}),
        ({"size": 1.5, "colour": "red"}, {"size": 1.5, "colour": "red"}),
        ({"size": 7, "colour": 7}, {"size": 7.0, "colour": "7"}),
        ({"size": " ", "colour": ""}, {"size": None, "colour": None}),
        ({"size": "?", "colour": " ? "}, {"size": None, "colour": None}),
        ({"size": None, "colour": None}, {"size": None, "colour": None}),
    ],
)
def test_values_have_their_columns_kind(values: dict[str, object], columns: dict[str, object]) -> None:
    """However a number, a category or a gap is written, in CSV or JSON, the row is the same."""
    assert parse_row(TABLE, {**values, "price": "24.0"}) == Row(columns, 24.0, None)  # type: ignore[arg-type] # values
    assert parse_row(TABLE, {**values, "price": 24}).label == 24.0


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"size": "secret"}, "column 'size' is not a number (digits with a decimal point, within 32 bits)"),
        ({"size": "nan"}, "column 'size' is not a number (digits with a decimal point, within 32 bits)"),
        ({"size": True}, "column 'size' is not a number (digits with a decimal point, within 32 bits)"),
        ({"colour": 1.5}, "column 'colour' must be text or a whole number"),
        ({"price": "secret"}, "column 'price' is not a number (digits with a decimal point, within 32 bits)"),
        ({"price": "?"}, "column 'price' is not a number (digits with a decimal point, within 32 bits)"),
        ({"price": None}, "column 'price' is missing"),
    ],
)
def test_bad_numbers_and_categories(values: dict[str, object], reason: str) -> None:
    """A value of another kind is named by its column and not repeated; a target must be there."""
    with pytest.raises(BadValueError) as caught:
        parse_row(TABLE, {"size": "1", "colour": "red", "price": "24", **values})
    assert str(caught.value) == reason


def test_an_absent_column_is_no_missing_value() -> None:
    """A file without the column is another file; a gap is written as one."""
    with pytest.raises(BadValueError, match="column 'colour' is missing"):
        parse_row(TABLE, {"size": "1", "price": "24"})
