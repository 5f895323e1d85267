import json

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.spec import Column
from training.cuts import MISSING, OTHERS, Cut, learn, reduce

NUMBERS = st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6)), max_size=40)
NAMES = st.lists(st.one_of(st.none(), st.sampled_from(["a", "b", "c", OTHERS, ""])), max_size=60)


@given(NUMBERS, NUMBERS)
def test_every_number_is_in_a_slice(cut_by: list[float | None], values: list[float | None]) -> None:
    """Any number is in a slice that begins at or below it, but where none does; what is missing is in its own."""
    cut = learn(Column("x", "numeric"), cut_by)
    assert cut.begins is not None
    for value, place in zip(values, cut.places(values).tolist(), strict=True):
        if value is None:
            assert cut.name(place) == MISSING
        else:
            assert place == max(0, sum(begin <= value for begin in cut.begins) - 1)


@given(NAMES, NAMES)
def test_cuts_survive_json(cut_by: list[str | None], values: list[str | None]) -> None:
    """A cut that was written as JSON cuts rows as it did before."""
    for kind, some in (("categorical", values), ("numeric", [1.0, None, 3.0])):
        cut = learn(Column("x", kind), cut_by if kind == "categorical" else [0.5, 2.0, None, 4.0])  # type: ignore[arg-type]
        again = Cut.from_json(json.loads(json.dumps(cut.to_json())))
        assert again == cut
        assert (again.places(some) == cut.places(some)).all()


def test_other_rows_are_cut_alike() -> None:
    """Rows that come later fall into the slices of the rows that were cut, rare and new categories together."""
    cut = learn(Column("x", "categorical"), ["a"] * 10 + ["b"] * 9)
    assert [cut.name(place) for place in cut.places(["a", "b", "new", None]).tolist()] == ["a", OTHERS, OTHERS, MISSING]
    texts = Column("t", "text")
    cut = learn(texts, [reduce(texts, "x" * length) for length in (1, 2, 3, 4, 5)])
    assert cut.name(int(cut.places([reduce(texts, "xxxxxxxxx")])[0])) == "4 to 5 characters"
