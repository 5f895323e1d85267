"""The learner `tabular_boosting`: XGBoost on columns of numbers and categories, for two labels or a number.

The number of rounds is chosen on the validation rows; then encoders and trees are fitted again on training and
validation rows together. Trees start from the mean (for labels: from its log-odds), and a regression's target is
counted in standard deviations, so that a hyperparameter means the same whatever the unit.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from chalicelib.core.spec import PipelineSpec
from training import metrics, regression_metrics
from training.channels import LabelledRow
from training.errors import RefusedDataError
from training.hyperparameters import number, parse
from training.learners import encoding
from training.learners.boosting import BoostingParameters, Sample, choose_rounds, fit_booster
from training.learners.encoding import Encoder
from training.learners.fitted import Fitted, refuse_kinds
from training.learners.margin import Floats
from training.learners.tabular_model import TabularModel
from training.learners.trees import read_trees
from training.threshold import THRESHOLD

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Hyperparameters:
    """What can be set, with defaults that suit some ten thousand rows."""

    category_rows: int = number(20, 1, 10**6)
    rounds: int = number(2000, 1, 10_000)
    patience: int = number(100, 1, 1000)
    max_depth: int = number(6, 1, 12)
    eta: float = number(0.05, 1e-3, 1.0)
    min_child_weight: float = number(1.0, 0.0, 1e6)
    subsample: float = number(0.8, 0.1, 1.0)
    colsample_bytree: float = number(0.8, 0.1, 1.0)
    reg_lambda: float = number(1.0, 0.0, 1e6)
    rounds_unvalidated: int = number(200, 1, 10_000)
    seed: int = number(0, 0, 2**31 - 1)

    def to_boosting(self, *, regression: bool) -> BoostingParameters:
        """Return those that are XGBoost's."""
        names = BoostingParameters.__dataclass_fields__.keys() & self.__dataclass_fields__.keys()
        parameters = BoostingParameters(**{name: getattr(self, name) for name in names})
        return replace(parameters, objective="reg:squarederror") if regression else parameters


def fit(
    spec: PipelineSpec, train: Sequence[LabelledRow], validation: Sequence[LabelledRow], strings: Mapping[str, str]
) -> Fitted:
    """Fit the model of a spec to labelled rows.

    Raises
    ------
    HyperparameterError
        If ``strings`` hold an unknown or unusable hyperparameter.
    RefusedDataError
        If every training row has the same target.
    InputError
        If a column is a text.
    """
    hyperparameters = parse(Hyperparameters, strings)
    refuse_kinds(spec, {"numeric", "categorical"}, {"binary_classification", "regression"})
    task = _Task(spec, hyperparameters, hyperparameters.to_boosting(regression=spec.regression))
    rounds, scores, measured = hyperparameters.rounds_unvalidated, None, dict[str, float]()
    if len(validation) and (spec.regression or len({row.row.label for row in validation}) == 2):  # noqa: PLR2004 - both
        rounds, scores, measured = task.select(train, validation)
    else:
        logger.warning("train.unvalidated rows=%d: validation rows of every label are needed", len(validation))
    return Fitted(task.fit([*train, *validation], rounds), measured, scores)


@dataclass(frozen=True)
class _Prepared:
    """How rows become a sample: encoders, and where and in which unit the trees begin."""

    encoders: tuple[Encoder, ...]
    shift: float
    scale: float
    regression: bool

    def sample(self, rows: Sequence[LabelledRow], target: Floats) -> Sample:
        """Return what XGBoost learns from, or is checked by."""
        features = encoding.encode(self.encoders, [row.row.columns for row in rows])
        if self.regression:
            return Sample(features, np.zeros(len(rows)), (target - self.shift) / self.scale)
        return Sample(features, np.full(len(rows), self.shift), target.astype(np.bool_))


@dataclass(frozen=True)
class _Task:
    """One fit: the spec and the hyperparameters that every step of it shares."""

    spec: PipelineSpec
    hyperparameters: Hyperparameters
    boosting: BoostingParameters

    def select(
        self, train: Sequence[LabelledRow], validation: Sequence[LabelledRow]
    ) -> tuple[int, Floats, dict[str, float]]:
        """Return the number of rounds that is best on the validation rows, and their scores and metrics by that."""
        prepared = self.prepare(train)
        rounds = choose_rounds(
            self.boosting,
            prepared.sample(train, self.target(train)),
            prepared.sample(validation, self.target(validation)),
        )
        scores = self.fit(train, rounds).score([row.row.columns for row in validation])
        return rounds, scores, self.measure(self.target(validation), scores) | {"validation:rounds": rounds}

    def fit(self, rows: Sequence[LabelledRow], rounds: int) -> TabularModel:
        """Fit encoders and so many rounds of trees."""
        prepared = self.prepare(rows)
        booster = fit_booster(self.boosting, prepared.sample(rows, self.target(rows)), rounds)
        trees = read_trees(booster, len(prepared.encoders), self.boosting.objective)
        return TabularModel(
            prepared.encoders, prepared.shift, prepared.scale, self.spec.regression, booster=booster, trees=trees
        )

    def prepare(self, rows: Sequence[LabelledRow]) -> _Prepared:
        """Learn the encoders, and where the trees begin."""
        target = self.target(rows)
        mean, spread = float(target.mean()), float(target.std())
        if not spread > 0:
            raise RefusedDataError(f"every training row has the same {self.spec.target!r}: there is nothing to learn")
        encoders = tuple(
            encoding.learn(
                column, [row.row.columns[column.name] for row in rows], target, self.hyperparameters.category_rows
            )
            for column in self.spec.columns
        )
        if self.spec.regression:
            return _Prepared(encoders, mean, spread, regression=True)
        return _Prepared(encoders, float(np.log(mean / (1 - mean))), 1.0, regression=False)

    def target(self, rows: Sequence[LabelledRow]) -> Floats:
        """Return the rows' numbers, or 1 for the positive label, shape (rows,)."""
        labels = [row.row.label for row in rows]
        return np.array(
            labels if self.spec.regression else [label == self.spec.positive_label for label in labels], np.float64
        )

    def measure(self, target: Floats, scores: Floats) -> dict[str, float]:
        """Return the validation metrics."""
        if self.spec.regression:
            return {f"validation:{name}": f(target, scores, None) for name, f in regression_metrics.METRICS.items()}
        positive = target.astype(np.bool_)
        return {
            "validation:accuracy": metrics.confusion(positive, scores >= THRESHOLD).accuracy,
            "validation:auc": metrics.auc(positive, scores),
            "validation:log_loss": metrics.log_loss(positive, scores),
        }
