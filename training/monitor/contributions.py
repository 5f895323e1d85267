"""What each of a model's features contributed to its answers, row by row.

Of the margin of a text that is ``scale * weight / norm`` for each of its n-grams, in log-odds: what the n-gram adds to
the answer, exactly, where the model is linear. The trees on top look at how the margin runs through the text, and not
at words; what they correct is no word's contribution, and left out. Of trees over columns it is XGBoost's
``pred_contribs``, the SHAP values of Lundberg et al. (2018), in log-odds or in the unit of the target: a row's add up
to its margin less the mean.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt
import xgboost
from scipy import sparse

from chalicelib.core.values import Value
from training.importance import spell
from training.learners.encoding import encode
from training.learners.model import Model
from training.learners.tabular_model import TabularModel
from training.learners.text_model import TextModel, join_columns
from training.text import tokenize

Floats = npt.NDArray[np.float64]
Method = Literal["weights", "shap"]


class Explainer(Protocol):
    """What a model's features are, and what each contributed."""

    @property
    def method(self) -> Method:
        """How contributions are found."""

    def explain(self, rows: Sequence[Mapping[str, Value]]) -> sparse.csr_matrix:
        """Return each feature's contribution to each row's answer, shape (rows, features)."""

    def names(self, features: Sequence[int]) -> list[str]:
        """Return what features are called."""


@dataclass(frozen=True)
class TextExplainer:
    """The n-grams of a text model."""

    model: TextModel
    method: Method = "weights"

    def explain(self, rows: Sequence[Mapping[str, Value]]) -> sparse.csr_matrix:
        """Return what each n-gram added to each row's log-odds."""
        ngrams, margin = self.model.ngrams, self.model.margin
        found, data = [np.zeros(0, np.int64)], [np.zeros(0)]
        for row in rows:
            located = ngrams.locate(ngrams.encode(tokenize(join_columns(row, self.model.columns))))
            distinct = np.unique(located[located >= 0]).astype(np.int64)
            norm = max(float(np.sqrt(margin.squares[distinct].sum(dtype=np.float64))), margin.floor)
            found.append(distinct)
            data.append(self.model.scale * margin.weights[distinct].astype(np.float64) / norm)
        starts = np.cumsum([len(part) for part in found])
        return sparse.csr_matrix((np.concatenate(data), np.concatenate(found), starts), (len(rows), ngrams.size))

    def weigh(self, words: Sequence[str], values: sparse.csr_matrix, features: npt.NDArray[np.int64]) -> Floats:
        """Return what each word adds to the log-odds of a typical row that holds it; 0 if the model does not know it.

        Typical of these rows: ``values`` are what the model's ``features`` contributed to them, from which the mean of
        ``1 / norm`` is read back.
        """
        first = values.indptr[:-1][np.diff(values.indptr) > 0]
        weights = self.model.margin.weights.astype(np.float64)
        inverse_norms = values.data[first] / (self.model.scale * weights[features[values.indices[first]]])
        numbers = self.model.ngrams.encode(words)
        known = np.where(numbers >= 0, weights[numbers], 0.0)
        return self.model.scale * known * (float(inverse_norms.mean()) if len(first) else 0.0)

    def names(self, features: Sequence[int]) -> list[str]:
        """Return the tokens of n-grams."""
        names = list(self.model.ngrams.tokens)
        return [spell(self.model.ngrams, names, feature) for feature in features]


@dataclass(frozen=True)
class TableExplainer:
    """The columns of a model of a table."""

    model: TabularModel
    method: Method = "shap"

    def explain(self, rows: Sequence[Mapping[str, Value]]) -> sparse.csr_matrix:
        """Return what each column added to each row's log-odds, or value."""
        booster = xgboost.Booster({"nthread": 1})
        booster.load_model(bytearray(json.dumps(self.model.booster).encode("ascii")))
        matrix = xgboost.DMatrix(encode(self.model.encoders, rows), nthread=1)
        found = booster.predict(matrix, pred_contribs=True)[:, :-1].astype(np.float64)  # the last is the mean's
        return sparse.csr_matrix(self.model.scale * found)

    def names(self, features: Sequence[int]) -> list[str]:
        """Return the names of columns."""
        return [self.model.encoders[feature].name for feature in features]


def explainer_of(model: Model) -> Explainer | None:
    """Return what explains a model; None if it is of a kind that nothing here does."""
    if isinstance(model, TextModel):
        return TextExplainer(model)
    if isinstance(model, TabularModel):
        return TableExplainer(model)
    return None
