import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from training.learners import vocabulary
from training.learners.ngrams import UNKNOWN, NGrams

DOCUMENTS = st.lists(st.lists(st.sampled_from("abcde"), max_size=8), min_size=1, max_size=8)


def name(ngrams: NGrams) -> dict[int, tuple[str, ...]]:
    """Return every feature's n-gram, spelt out."""
    tokens = list(ngrams.tokens)
    names: dict[int, tuple[str, ...]] = {place: (token,) for token, place in ngrams.tokens.items()}
    previous, first = 0, len(tokens)
    for codes in ngrams.codes:
        for place, code in enumerate(codes.tolist()):
            names[first + place] = (*names[previous + code // len(tokens)], tokens[code % len(tokens)])
        previous, first = first, first + len(codes)
    return names


@given(DOCUMENTS, st.integers(1, 4), st.integers(1, 3))
def test_vocabulary_is_what_enough_documents_hold(documents: list[list[str]], orders: int, enough: int) -> None:
    """Learnt n-grams are exactly those that a slow and obvious count finds, in an order of their own."""
    ngrams, _ = vocabulary.learn(vocabulary.encode(documents), orders=orders, min_documents=enough)
    held = [{tuple(d[i : i + n]) for n in range(1, orders + 1) for i in range(len(d) - n + 1)} for d in documents]
    expected = {ngram for ngram in set().union(*held) if sum(ngram in one for one in held) >= enough}
    assert set(name(ngrams).values()) == expected
    assert len(name(ngrams)) == len(expected) == ngrams.size
    again, _ = vocabulary.learn(vocabulary.encode(documents[::-1]), orders=orders, min_documents=enough)
    assert name(again) == name(ngrams)


@given(DOCUMENTS, st.lists(st.sampled_from("abcdefg"), max_size=12))
def test_located_features_start_at_their_token(documents: list[list[str]], text: list[str]) -> None:
    """At each token stand the known n-grams that start there, and `UNKNOWN` for the rest."""
    ngrams, _ = vocabulary.learn(vocabulary.encode(documents), orders=3, min_documents=1)
    names = name(ngrams)
    found = ngrams.locate(ngrams.encode(text))
    for place, features in enumerate(found.tolist()):
        for order, feature in enumerate(features, start=1):
            ngram = tuple(text[place : place + order])
            if feature == UNKNOWN:
                assert len(ngram) < order or ngram not in names.values()
            else:
                assert names[feature] == ngram


@given(DOCUMENTS)
def test_learning_locates_as_service_does(documents: list[list[str]]) -> None:
    """What `learn` locates in passing is what each document alone gets."""
    encoded = vocabulary.encode(documents)
    ngrams, found = vocabulary.learn(encoded, orders=3, min_documents=2)
    for place, document in enumerate(documents):
        alone = ngrams.locate(ngrams.encode(document))
        np.testing.assert_array_equal(found[encoded.starts[place] : encoded.starts[place + 1] - 1], alone)
