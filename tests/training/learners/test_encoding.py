import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.spec import Column
from training.artifact import to_json
from training.errors import ArtifactError
from training.learners.encoding import Encoder, encode, learn, read_encoder

COLOUR, SIZE = Column("colour", "categorical"), Column("size", "numeric")
VALUES = st.lists(st.tuples(st.none() | st.sampled_from("abcde"), st.integers(0, 3)), min_size=1, max_size=40)


@given(VALUES, st.integers(1, 4))
def test_codes_rise_with_the_mean(cases: list[tuple[str | None, int]], least: int) -> None:
    """Categories of enough rows lie in the order of their mean target; the others share one place."""
    values, target = [value for value, _ in cases], np.array([number for _, number in cases], np.float64)
    encoder = learn(COLOUR, values, target, least)
    means = {v: np.mean([n for value, n in cases if value == v]) for v in set(values) - {None}}
    own = {value for value in means if values.count(value) >= least}
    assert encoder.codes is not None
    assert encoder.codes.keys() == own
    ordered = sorted(encoder.codes, key=encoder.codes.__getitem__)
    assert [means[value] for value in ordered] == sorted(means[value] for value in own)
    assert all(encoder.encode(value) == encoder.other for value in means.keys() - own)
    assert math.isnan(encoder.other) == (means.keys() == own)


@given(VALUES, st.randoms(use_true_random=False))
def test_order_of_rows_does_not_matter(cases: list[tuple[str | None, int]], random: object) -> None:
    """The same rows in another order are encoded in the same way."""
    shuffled = list(cases)
    random.shuffle(shuffled)  # type: ignore[attr-defined] # hypothesis gives a random.Random
    one, other = (learn(COLOUR, [v for v, _ in rows], np.array([n for _, n in rows]), 2) for rows in (cases, shuffled))
    assert to_json(one.to_json()) == to_json(other.to_json())


def test_unseen_and_missing() -> None:
    """An unseen category goes where the rare ones are, a missing one is NaN; without rare ones both are NaN."""
    some = learn(COLOUR, ["a", "a", "b", "b", "rare"], np.array([1, 1, 0, 0, 0.5]), 2)
    assert [some.encode(value) for value in ("b", "rare", "never seen", "a")] == [0, 1, 1, 2]
    assert math.isnan(some.encode(None))
    assert math.isnan(learn(COLOUR, ["a", "b"], np.array([0, 1]), 1).encode("never seen"))


def test_rows_become_numbers() -> None:
    """Columns keep their order, numbers their value to 32 bits."""
    encoders = [Encoder("size"), Encoder("colour", {"a": 0, "b": 1}, 2.0)]
    rows = encode(encoders, [{"colour": "b", "size": 0.1}, {"colour": "x", "size": None}])
    np.testing.assert_array_equal(rows, np.array([[0.1, 1], [np.nan, 2]], np.float32))
    assert encode(encoders, []).shape == (0, 2)


@pytest.mark.parametrize(
    "encoder", [learn(SIZE, [1.0], np.ones(1), 1), Encoder("c", {"a": 0}), Encoder("c", {"ü": 1}, 0.0)]
)
def test_encoders_survive_json(encoder: Encoder) -> None:
    """What was written is what is read."""
    read = read_encoder(json.loads(to_json(encoder.to_json())))
    assert (read.name, read.codes) == (encoder.name, encoder.codes)
    np.testing.assert_equal(read.other, encoder.other)


@pytest.mark.parametrize("value", [{}, {"name": "c", "codes": ["a"]}, {"name": "c", "codes": {}}, []])
def test_others_are_refused(value: dict[str, object]) -> None:
    """What is no encoder is no model."""
    with pytest.raises(ArtifactError):
        read_encoder(value)
