"""The model `text_margin_boosting` as it is applied: text in, probability of the positive label out.

Needs numpy and nothing else. ``probability = sigmoid(scale * margin + shift + trees(description))``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chalicelib.core.values import Value
from training.artifact import Files, to_json, to_npy
from training.errors import ArtifactError
from training.learners.margin import NAMES, Floats, Margin
from training.learners.ngrams import Ints, NGrams
from training.learners.trees import Trees, read_trees
from training.text import tokenize

VOCABULARY = "vocabulary.json"
WEIGHTS = "weights.npy"
SQUARES = "squares.npy"
LINEAR = "linear.json"
BOOSTER = "booster.json"


@dataclass(frozen=True)
class TextModel:
    """A fitted model: vocabulary, linear margin, its calibration and the trees on top."""

    columns: tuple[str, ...]
    ngrams: NGrams
    margin: Margin
    scale: float
    shift: float
    booster: Mapping[str, Any]  # XGBoost's JSON model, as it is stored
    trees: Trees

    def score(self, rows: Sequence[Mapping[str, Value]]) -> Floats:
        """Return each row's probability of the positive label, shape (rows,); a row's score depends on it alone."""
        if not rows:
            return np.zeros(0)
        described = np.stack([self._describe(join_columns(row, self.columns)) for row in rows])
        base = self.scale * described[:, 0] + self.shift
        return sigmoid(base + self.trees.margin(described.astype(np.float32)))

    def _describe(self, text: str) -> Floats:
        return self.margin.describe(self.ngrams.locate(self.ngrams.encode(tokenize(text))))

    def to_files(self) -> dict[str, bytes]:
        """Return the model as files."""
        codes = {_codes(order): to_npy(codes) for order, codes in enumerate(self.ngrams.codes, start=2)}
        linear = {
            "columns": list(self.columns),
            "features": list(NAMES),
            "floor": self.margin.floor,
            "intercept": self.margin.intercept,
            "orders": 1 + len(self.ngrams.codes),
            "scale": self.scale,
            "shift": self.shift,
        }
        return codes | {
            VOCABULARY: to_json(list(self.ngrams.tokens)),
            WEIGHTS: to_npy(self.margin.weights),
            SQUARES: to_npy(self.margin.squares),
            LINEAR: to_json(linear),
            BOOSTER: to_json(self.booster),
        }


def read_text_model(files: Files) -> TextModel:
    """Read what `TextModel.to_files` wrote.

    Raises
    ------
    ArtifactError
        If a file is missing or does not fit the others.
    """
    try:
        linear = files.json(LINEAR)
        names = files.json(VOCABULARY)
        tokens = {str(name): place for place, name in enumerate(names)}
        orders = int(linear["orders"])
        codes: tuple[Ints, ...] = tuple(files.array(_codes(order), np.int64) for order in range(2, orders + 1))
        if len(tokens) != len(names) or tuple(linear["features"]) != NAMES:
            raise ArtifactError("the model's vocabulary or features are not those of this program")
        ngrams = NGrams(tokens, codes)
        margin = Margin(
            files.array(WEIGHTS, np.float32, ngrams.size),
            files.array(SQUARES, np.float32, ngrams.size),
            float(linear["intercept"]),
            float(linear["floor"]),
        )
        booster = files.json(BOOSTER)
        return TextModel(
            columns=tuple(map(str, linear["columns"])),
            ngrams=ngrams,
            margin=margin,
            scale=float(linear["scale"]),
            shift=float(linear["shift"]),
            booster=booster,
            trees=read_trees(booster, len(NAMES)),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ArtifactError(f"the model's files do not fit each other: {error!r}") from error


def join_columns(row: Mapping[str, Value], columns: Sequence[str]) -> str:
    """Return a row's text: its columns one below the other."""
    return "\n".join(str(row[column]) for column in columns)


def sigmoid(margin: Floats) -> npt.NDArray[np.float64]:
    """Return the logistic function, without overflow."""
    return np.exp(-np.logaddexp(0.0, -margin))


def _codes(order: int) -> str:
    return f"codes_{order}.npy"
