import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.learners import vocabulary
from training.learners.linear import fit_calibration, fit_margin
from training.learners.margin import NAMES, Margin
from training.learners.ngrams import NGrams

NGRAMS = NGrams({"bad": 0, "good": 1}, (np.array([0 * 2 + 1, 1 * 2 + 1]),))  # "bad good", "good good"
MARGIN = Margin(np.array([-2, 1, 0.5, 4], np.float32), np.array([1, 4, 4, 16], np.float32), 0.25, 1.5)


def describe(margin: Margin, *tokens: str) -> dict[str, float]:
    """Return a text's numbers by name."""
    return dict(zip(NAMES, margin.describe(NGRAMS.locate(NGRAMS.encode(tokens))).tolist(), strict=True))


@pytest.mark.parametrize(
    ("tokens", "margin"),
    [
        ((), 0.25),
        (("what",), 0.25),
        (("good",), 1 / 2 + 0.25),
        (("good", "what", "good"), 1 / 2 + 0.25),  # a repeated word counts once
        (("good", "good"), 5 / np.sqrt(20) + 0.25),
        (("bad", "good"), -0.5 / 3 + 0.25),
        (("bad",), -2 / 1.5 + 0.25),  # shorter than the floor
    ],
)
def test_margin_is_that_of_distinct_ngrams(tokens: tuple[str, ...], margin: float) -> None:
    """Each n-gram counts once, against the text's length or the floor."""
    assert describe(MARGIN, *tokens)["margin"] == pytest.approx(margin)


@given(st.lists(st.sampled_from(["bad", "good", "what"]), max_size=80))
def test_numbers_are_finite_and_parts_make_the_whole(tokens: list[str]) -> None:
    """Any text has finite numbers, and what runs through its parts is the sum."""
    found = describe(MARGIN, *tokens)
    assert np.isfinite(list(found.values())).all()
    assert sum(found[f"part_{part}"] for part in range(5)) == pytest.approx(found["sum"])
    assert found["lowest"] <= 0 <= found["highest"]
    assert found["worst_window"] <= found["best_window"]


def test_fit_and_application_agree() -> None:
    """The margin that was fitted on a matrix is the margin that is applied to a text."""
    texts = [
        text.split() for text in ("good good film", "a good film", "bad film", "a bad bad one", "bad good", "good")
    ]
    positive = np.array([True, True, False, False, False, True])
    documents = vocabulary.encode(texts)
    ngrams, found = vocabulary.learn(documents, orders=2, min_documents=1)
    presence = vocabulary.presence(found, documents.starts, ngrams.size)
    margin = fit_margin(presence, positive, 30.0)
    lengths = np.maximum(np.sqrt(presence @ margin.squares), margin.floor)
    expected = presence @ margin.weights / lengths + margin.intercept
    applied = np.array([margin.describe(ngrams.locate(ngrams.encode(text)))[0] for text in texts])
    np.testing.assert_allclose(applied, expected, atol=1e-6)
    assert ((applied > 0) == positive).all()
    scale, _ = fit_calibration(applied, positive)
    assert scale > 0
