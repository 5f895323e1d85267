"""The model `tabular_boosting` as it is applied: numbers and categories in, a probability or a value out.

Needs numpy and nothing else. With ``m = shift + scale * trees(encoded row)`` the answer is ``sigmoid(m)``, the
probability of the positive label, or for a regression ``m`` itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chalicelib.core.values import Value
from training.artifact import Files, to_json
from training.errors import ArtifactError
from training.learners.encoding import Encoder, encode, read_encoder
from training.learners.margin import Floats
from training.learners.text_model import sigmoid
from training.learners.trees import Trees, read_trees

TABLE = "table.json"
BOOSTER = "booster.json"


@dataclass(frozen=True)
class TabularModel:
    """A fitted model: how its columns are encoded, and the trees on them."""

    encoders: tuple[Encoder, ...]
    shift: float
    scale: float
    regression: bool
    booster: Mapping[str, Any]  # XGBoost's JSON model, as it is stored
    trees: Trees

    def score(self, rows: Sequence[Mapping[str, Value]]) -> Floats:
        """Return each row's probability or value, shape (rows,); a row's answer depends on it alone."""
        if not rows:
            return np.zeros(0)
        margin = self.shift + self.scale * self.trees.margin(encode(self.encoders, rows))
        return margin if self.regression else sigmoid(margin)

    def to_files(self) -> dict[str, bytes]:
        """Return the model as files."""
        table = {
            "columns": [encoder.to_json() for encoder in self.encoders],
            "regression": self.regression,
            "scale": self.scale,
            "shift": self.shift,
        }
        return {TABLE: to_json(table), BOOSTER: to_json(self.booster)}


def read_tabular_model(files: Files) -> TabularModel:
    """Read what `TabularModel.to_files` wrote.

    Raises
    ------
    ArtifactError
        If a file is missing or does not fit the others.
    """
    try:
        table = files.json(TABLE)
        encoders = tuple(read_encoder(column) for column in table["columns"])
        regression = bool(table["regression"])
        booster = files.json(BOOSTER)
        trees = read_trees(booster, len(encoders), "reg:squarederror" if regression else "binary:logistic")
        return TabularModel(encoders, float(table["shift"]), float(table["scale"]), regression, booster, trees)
    except (KeyError, TypeError, ValueError) as error:
        raise ArtifactError(f"the model's files do not fit each other: {error!r}") from error
