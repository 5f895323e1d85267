from hypothesis import given
from hypothesis import strategies as st

from tests.training.sample import BAD, GOOD
from training.importance import explain, spell
from training.learners import vocabulary
from training.learners.model import load
from training.settings import Settings

DOCUMENTS = st.lists(st.lists(st.sampled_from("abcde"), max_size=8), min_size=1, max_size=8)


@given(DOCUMENTS, st.integers(1, 4))
def test_features_are_spelt_as_they_were_read(documents: list[list[str]], orders: int) -> None:
    """The features found at a token are, spelt out, the n-grams that begin there."""
    ngrams, found = vocabulary.learn(vocabulary.encode(documents), orders=orders, min_documents=1)
    names = list(ngrams.tokens)
    flat = [token for document in documents for token in [*document, None]]
    for place, features in enumerate(found.tolist()):
        for order, feature in enumerate(features):
            if feature >= 0:
                assert spell(ngrams, names, feature).split(" ") == flat[place : place + order + 1]


def test_words_speak_for_their_label(trained: Settings) -> None:
    """The strongest words are those that the reviews were made with, on their side, by falling strength."""
    found = explain(load(trained.model).model)
    assert found is not None
    for words, own, other in ((found.towards, GOOD, BAD), (found.against, BAD, GOOD)):
        tokens = [token for word, _ in words[:8] for token in word.split(" ")]
        assert len({*tokens} & {*own}) > 3
        assert not {*tokens} & {*other}
    assert len(found.towards) <= 50
    for side in (found.towards, found.against):
        strengths = [strength for _, strength in side]
        assert strengths == sorted(strengths, reverse=True)
        assert 0 < strengths[-1] <= strengths[0] <= 1


def test_gains_are_shares(trained: Settings) -> None:
    """What trees gain by their features sums to all of it; the margin itself gives most."""
    found = explain(load(trained.model).model)
    assert found is not None
    assert abs(sum(gain for _, gain in found.gains) - 1) < 1e-9
    assert [gain for _, gain in found.gains] == sorted((gain for _, gain in found.gains), reverse=True)


def test_other_models_do_not_tell() -> None:
    """A model of a kind that is not known is not guessed at."""

    class Silent:
        def score(self, rows: object) -> object:
            return rows

        def to_files(self) -> dict[str, bytes]:
            return {}

    assert explain(Silent()) is None  # type: ignore[arg-type] # that is the point
