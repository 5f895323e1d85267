"""What a model looks at most: the n-grams that move a text's margin, and the columns that trees gain by.

An n-gram is ranked by how much it spreads the margin over the fitted texts: ``|weight| * sqrt(share * (1 - share))``,
``share`` of the texts holding it, read back from its idf. A weight alone would rank what two texts happened to say
first. A column's gain is XGBoost's: the loss that all splits on it took away, here as a share of all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from training.learners.margin import NAMES
from training.learners.model import Model
from training.learners.ngrams import NGrams
from training.learners.tabular_model import TabularModel
from training.learners.text_model import TextModel

WORDS = 50  # to each side


@dataclass(frozen=True)
class Importance:
    """N-grams that speak for the second and for the first label, the strongest first, and features by their gain.

    Strengths and gains are parts of the greatest.
    """

    towards: Sequence[tuple[str, float]]
    against: Sequence[tuple[str, float]]
    gains: Sequence[tuple[str, float]]


def explain(model: Model) -> Importance | None:
    """Return what a model looks at; None if it is of a kind that does not tell."""
    if isinstance(model, TextModel):
        towards, against = _words(model)
        return Importance(towards, against, _gains(model.booster, NAMES))
    if isinstance(model, TabularModel):
        return Importance([], [], _gains(model.booster, [encoder.name for encoder in model.encoders]))
    return None


def spell(ngrams: NGrams, names: Sequence[str], feature: int) -> str:
    """Return the tokens of a feature: an n-gram's code is its shorter n-gram and its last token (see `ngrams`).

    ``names`` are the tokens in the order of their features.
    """
    sizes = [len(names), *map(len, ngrams.codes)]
    order, place = 0, feature
    while place >= sizes[order]:
        place -= sizes[order]
        order += 1
    last = list[str]()
    for codes in reversed(ngrams.codes[:order]):
        place, token = divmod(int(codes[place]), len(names))
        last.append(names[token])
    return " ".join([names[place], *reversed(last)])


def _words(model: TextModel) -> tuple[list[tuple[str, float]], list[tuple[str, float]]]:
    weights = model.margin.weights.astype(np.float64)
    share = np.exp(1 - np.sqrt(model.margin.squares.astype(np.float64))) * (model.margin.squares > 0)
    strength = weights * np.sqrt(np.clip(share * (1 - share), 0, None))
    greatest = float(np.abs(strength).max(initial=0.0)) or 1.0
    order = np.argsort(strength, kind="stable")
    names = list(model.ngrams.tokens)
    towards, against = (
        [
            (spell(model.ngrams, names, place), float(sign * strength[place] / greatest))
            for place in places.tolist()
            if sign * strength[place] > 0
        ]
        for sign, places in ((1, order[::-1][:WORDS]), (-1, order[:WORDS]))
    )
    return towards, against


def _gains(booster: Mapping[str, Any], names: Sequence[str]) -> list[tuple[str, float]]:
    """Return each feature's share of the trees' gain, the greatest first; the booster was read before, so it is one."""
    gains = np.zeros(len(names))
    for tree in booster["learner"]["gradient_booster"]["model"]["trees"]:
        inner = np.array(tree["left_children"], np.int64) >= 0
        features = np.array(tree["split_indices"], np.int64)[inner]
        np.add.at(gains, features, np.array(tree["loss_changes"], np.float64)[inner])
    total = float(gains.sum()) or 1.0
    order = np.argsort(-gains, kind="stable").tolist()
    return [(names[place], float(gains[place] / total)) for place in order if gains[place] > 0]
