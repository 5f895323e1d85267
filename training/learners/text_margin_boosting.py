"""The learner `text_margin_boosting`: a linear n-gram margin, and XGBoost on how that margin runs through the text.

The trees must see margins of texts the linear model has not seen, as it will be in service; so the training texts get
theirs out of fold, the folds cut by group. The number of rounds is chosen on the validation rows; then vocabulary,
margin, calibration and trees are fitted again on training and validation rows together.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from chalicelib.core.spec import PipelineSpec
from training import metrics
from training.channels import LabelledRow
from training.errors import RefusedDataError
from training.hyperparameters import number, parse
from training.learners import folds, vocabulary
from training.learners.boosting import BoostingParameters, Sample, choose_rounds, fit_booster
from training.learners.fitted import Fitted, refuse_kinds
from training.learners.linear import fit_calibration, fit_margin
from training.learners.margin import NAMES, Floats, Margin
from training.learners.ngrams import UNKNOWN, Features, Ints, NGrams
from training.learners.text_model import TextModel, join_columns, sigmoid
from training.learners.trees import read_trees
from training.learners.vocabulary import Encoded
from training.metrics import Bools
from training.text import tokenize
from training.threshold import THRESHOLD

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Hyperparameters:
    """What can be set, with defaults that suit short English prose."""

    orders: int = number(3, 1, 4)
    min_documents: int = number(2, 1, 1000)
    inverse_penalty: float = number(30.0, 1e-4, 1e4)
    folds: int = number(5, 2, 20)
    rounds: int = number(400, 1, 5000)
    patience: int = number(40, 1, 1000)
    max_depth: int = number(3, 1, 10)
    eta: float = number(0.05, 1e-3, 1.0)
    min_child_weight: float = number(50.0, 0.0, 1e6)
    subsample: float = number(0.8, 0.1, 1.0)
    colsample_bytree: float = number(0.5, 0.1, 1.0)
    reg_lambda: float = number(10.0, 0.0, 1e6)
    rounds_unvalidated: int = number(100, 1, 5000)
    seed: int = number(0, 0, 2**31 - 1)

    def to_boosting(self) -> BoostingParameters:
        """Return those that are XGBoost's."""
        names = BoostingParameters.__dataclass_fields__.keys() & self.__dataclass_fields__.keys()
        return BoostingParameters(**{name: getattr(self, name) for name in names})


@dataclass(frozen=True)
class Corpus:
    """Texts as located n-grams: ``found[starts[i] : starts[i + 1] - 1]`` is text i, then its separator."""

    ngrams: NGrams
    found: Features
    starts: Ints

    @classmethod
    def learn(cls, documents: Encoded, orders: int, min_documents: int) -> "Corpus":
        """Learn the n-grams of documents.

        Raises
        ------
        RefusedDataError
            If no token occurs in enough documents.
        """
        ngrams, found = vocabulary.learn(documents, orders=orders, min_documents=min_documents)
        if not ngrams.tokens:
            raise RefusedDataError(f"no word occurs in at least {min_documents} texts")
        return cls(ngrams, found, documents.starts)

    def locate(self, documents: Encoded) -> "Corpus":
        """Locate these n-grams in other documents."""
        renumber = np.append(self.ngrams.encode(documents.names), UNKNOWN)
        return Corpus(self.ngrams, self.ngrams.locate(renumber[documents.tokens]), documents.starts)

    def presence(self) -> sparse.csr_matrix:
        """Return which text holds which feature."""
        return vocabulary.presence(self.found, self.starts, self.ngrams.size)

    def describe(self, margin: Margin, places: Ints | None = None) -> Floats:
        """Return the description of the texts at these places (all without), shape (places, features)."""
        chosen = range(len(self.starts) - 1) if places is None else places.tolist()
        described = [margin.describe(self.found[self.starts[i] : self.starts[i + 1] - 1]) for i in chosen]
        return np.stack(described) if described else np.zeros((0, len(NAMES)))


def fit(
    spec: PipelineSpec, train: Sequence[LabelledRow], validation: Sequence[LabelledRow], strings: Mapping[str, str]
) -> Fitted:
    """Fit the model of a spec to labelled rows.

    Raises
    ------
    HyperparameterError
        If ``strings`` hold an unknown or unusable hyperparameter.
    RefusedDataError
        If the rows cannot make a model: a label with fewer than two training rows, no repeated word.
    InputError
        If a column is no text, or the task another.
    """
    hyperparameters = parse(Hyperparameters, strings)
    refuse_kinds(spec, {"text"})
    task = _Task(tuple(column.name for column in spec.columns), hyperparameters)
    every = task.encode([*train, *validation])
    positive, checked_positive = _positive(spec, train), _positive(spec, validation)
    fold_of = folds.assign(train, positive, hyperparameters.folds)
    described, held_out = task.describe(every, positive, fold_of)
    rounds, scores, measured = hyperparameters.rounds_unvalidated, None, dict[str, float]()
    if len(set(checked_positive.tolist())) == 2:  # noqa: PLR2004 - both labels
        calibration = fit_calibration(described[:, 0], positive)
        rounds, scores, measured = task.select(
            _sample(described, positive, calibration), _sample(held_out, checked_positive, calibration)
        )
    else:
        logger.warning("train.unvalidated rows=%d: validation rows of both labels are needed", len(validation))
    model = task.refit(
        every, np.concatenate([described, held_out]), np.concatenate([positive, checked_positive]), rounds
    )
    return Fitted(model, measured, scores)


@dataclass(frozen=True)
class _Task:
    """One fit: the input columns and the hyperparameters that every step of it shares."""

    columns: tuple[str, ...]
    hyperparameters: Hyperparameters

    def encode(self, rows: Sequence[LabelledRow]) -> Encoded:
        """Return the rows' texts as numbers."""
        return vocabulary.encode(tokenize(join_columns(row.row.columns, self.columns)) for row in rows)

    def learn(self, documents: Encoded) -> Corpus:
        """Learn the n-grams of documents."""
        corpus = Corpus.learn(documents, self.hyperparameters.orders, self.hyperparameters.min_documents)
        logger.info("train.vocabulary tokens=%d features=%d", len(corpus.ngrams.tokens), corpus.ngrams.size)
        return corpus

    def describe(self, every: Encoded, positive: Bools, fold_of: Ints) -> tuple[Floats, Floats]:
        """Describe every training text by a margin fitted without its fold, and the validation texts by that of all.

        ``every`` holds the training texts, to which ``positive`` and ``fold_of`` belong, then the validation texts.
        """
        corpus = self.learn(every.cut(0, len(positive)))
        presence = corpus.presence()
        described = np.zeros((len(positive), len(NAMES)))
        for fold in np.unique(fold_of):
            inside = fold_of == fold
            margin = fit_margin(presence[~inside], positive[~inside], self.hyperparameters.inverse_penalty)
            described[inside] = corpus.describe(margin, np.flatnonzero(inside))
            logger.info("train.fold fold=%d rows=%d", fold, np.count_nonzero(inside))
        margin = fit_margin(presence, positive, self.hyperparameters.inverse_penalty)
        return described, corpus.locate(every.cut(len(positive), len(every))).describe(margin)

    def select(self, train: Sample, validation: Sample) -> tuple[int, Floats, dict[str, float]]:
        """Return the number of rounds that is best on the validation rows, and their scores and metrics by that."""
        boosting = self.hyperparameters.to_boosting()
        rounds = choose_rounds(boosting, train, validation)
        trees = read_trees(fit_booster(boosting, train, rounds), len(NAMES))
        boosted = sigmoid(validation.base + trees.margin(validation.features))
        measured = _measure(np.asarray(validation.target, np.bool_), sigmoid(validation.base), boosted)
        return rounds, boosted, measured | {"validation:rounds": rounds}

    def refit(self, every: Encoded, described: Floats, positive: Bools, rounds: int) -> TextModel:
        """Fit the model that leaves: margin on all texts, calibration and trees on their unseen descriptions."""
        corpus = self.learn(every)
        margin = fit_margin(corpus.presence(), positive, self.hyperparameters.inverse_penalty)
        scale, shift = fit_calibration(described[:, 0], positive)
        booster = fit_booster(self.hyperparameters.to_boosting(), _sample(described, positive, (scale, shift)), rounds)
        trees = read_trees(booster, len(NAMES))
        return TextModel(self.columns, corpus.ngrams, margin, scale, shift, booster, trees)


def _sample(described: Floats, positive: Bools, calibration: tuple[float, float]) -> Sample:
    scale, shift = calibration
    return Sample(described.astype(np.float32), scale * described[:, 0] + shift, positive)


def _measure(positive: Bools, linear: Floats, boosted: Floats) -> dict[str, float]:
    """Return the validation metrics, also those of the margin alone: what the trees are worth."""
    measured = {}
    for name, scores in (("validation", boosted), ("validation_linear", linear)):
        measured[f"{name}:accuracy"] = metrics.confusion(positive, scores >= THRESHOLD).accuracy
        measured[f"{name}:auc"] = metrics.auc(positive, scores)
        measured[f"{name}:log_loss"] = metrics.log_loss(positive, scores)
    return measured


def _positive(spec: PipelineSpec, rows: Sequence[LabelledRow]) -> Bools:
    return np.array([row.row.label == spec.positive_label for row in rows], np.bool_)
