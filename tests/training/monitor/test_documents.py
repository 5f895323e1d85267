import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.learners.vocabulary import encode
from training.monitor import documents
from training.monitor.documents import describe, learn

TEXTS = st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=12), min_size=1, max_size=20)
FITTED = [list("aab"), list("abc"), list("abd"), list("c")]


def test_common_words_come_first() -> None:
    """Words of two texts or more, by how many hold them, then by the alphabet; others are no words."""
    assert learn(encode(FITTED)).words == ["a", "b", "c"]


def test_shares_are_of_tokens() -> None:
    """Each word's share is that of its tokens, one more of each; last is that of all others."""
    assert np.exp(learn(encode(FITTED)).logs) == pytest.approx(np.array([5, 4, 3, 2]) / 14)


def test_measures_of_a_text() -> None:
    """Length, mean logarithm and known share of a text's tokens, and the words it holds."""
    found = describe(encode([list("aax"), [], list("b")]), learn(encode(FITTED)))
    assert found.measures["length"].tolist() == [3, 0, 1]
    logs = np.log(np.array([5, 4, 3, 2]) / 14)
    assert found.measures["likelihood"][0] == pytest.approx((2 * logs[0] + logs[3]) / 3)
    assert math.isnan(found.measures["likelihood"][1])
    assert math.isnan(found.measures["known"][1])
    assert found.measures["known"][[0, 2]] == pytest.approx([2 / 3, 1])
    assert found.words.toarray().tolist() == [[1, 0, 0], [0, 0, 0], [0, 1, 0]]


def test_only_the_most_common_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit a word is known, not compared."""
    monkeypatch.setattr(documents, "WORDS", 1)
    vocabulary = learn(encode(FITTED))
    assert (vocabulary.compared, len(vocabulary.words)) == (1, 3)
    assert describe(encode([list("ab")]), vocabulary).measures["known"].tolist() == [0.5]


@given(TEXTS, TEXTS)
def test_a_text_is_described_alone(fitted: list[list[str]], texts: list[list[str]]) -> None:
    """What is said of a text does not depend on the others that it comes with."""
    vocabulary = learn(encode(fitted))
    together = describe(encode(texts), vocabulary)
    for place, text in enumerate(texts):
        alone = describe(encode([text]), vocabulary)
        for name, values in alone.measures.items():
            assert values[0] == pytest.approx(together.measures[name][place], nan_ok=True)
        assert (alone.words.toarray() == together.words[[place]].toarray()).all()
