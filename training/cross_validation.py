"""Repeated grouped cross-validation of the recipe, for data of which too few rows are held out to be sure.

In each repeat the rows are dealt into folds by group, anew. Each fold is scored once by a model of the recipe that was
fitted on the others, of which one served as its validation rows (rounds, calibration, threshold), as in the real fit.
The figures are means over all folds, and their standard deviation between them: how much luck is in one split. Folds
share most of their training rows, so it is no standard error of the mean (Bengio and Grandvalet 2004). The price:
`REPEATS` times `FOLDS` fits of a small model.
"""

import hashlib
import logging
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from chalicelib.core.measures import METRICS
from chalicelib.core.spec import PipelineSpec
from training.channels import LabelledRow
from training.errors import RefusedDataError
from training.learners.fitted import Fit, Fitted
from training.resampled_metrics import of_labels, of_values
from training.resampling import Groups, Ints, measure
from training.rows import cluster
from training.threshold import THRESHOLD, decide

FOLDS = 5
REPEATS = 2

logger = logging.getLogger(__name__)


def cross_validate(
    spec: PipelineSpec, fit: Fit, rows: Sequence[LabelledRow], strings: Mapping[str, str]
) -> dict[str, Any] | None:
    """Return each metric's mean and deviation over the folds; None if no fold could be learnt without.

    ``strings`` are the learner's hyperparameters.
    """
    scored = [
        measured
        for repeat in range(REPEATS)
        for train, validation, held_out in _deal(rows, repeat)
        if (measured := _score(spec, fit, (train, validation, held_out), strings)) is not None
    ]
    logger.info("train.cross_validated folds=%d of=%d", len(scored), FOLDS * REPEATS)
    if not scored:
        return None
    metrics = {}
    for name in METRICS[spec.task]:
        values = [one[name] for one in scored if math.isfinite(one[name])]
        if len(values) > 1:
            metrics[name] = {"mean": float(np.mean(values)), "standard_deviation": float(np.std(values, ddof=1))}
    return {"folds": FOLDS, "repeats": REPEATS, "scored": len(scored), "metrics": metrics}


_Sides = tuple[Sequence[LabelledRow], Sequence[LabelledRow], Sequence[LabelledRow]]


def _deal(rows: Sequence[LabelledRow], repeat: int) -> Iterator[_Sides]:
    """Yield training, validation and held-out rows of each fold; which is which is a function of the groups alone."""
    keys = [cluster(row.id, row.row.group) for row in rows]
    order = sorted(set(keys), key=lambda key: hashlib.sha256(f"{repeat} {key}".encode(errors="surrogatepass")).digest())
    fold_of_key = {key: place % FOLDS for place, key in enumerate(order)}
    fold_of: Ints = np.array([fold_of_key[key] for key in keys], np.int64)
    for fold in range(FOLDS):
        following = (fold + 1) % FOLDS
        train, validation, held_out = (
            [rows[place] for place in np.flatnonzero(chosen).tolist()]
            for chosen in ((fold_of != fold) & (fold_of != following), fold_of == following, fold_of == fold)
        )
        if train and validation and held_out:
            yield train, validation, held_out


def _score(spec: PipelineSpec, fit: Fit, sides: _Sides, strings: Mapping[str, str]) -> dict[str, float] | None:
    train, validation, held_out = sides
    try:
        fitted: Fitted = fit(spec, train, validation, strings)
    except RefusedDataError:  # a label with too few rows in these folds: no figure of the recipe
        return None
    numbers = fitted.model.score([row.row.columns for row in held_out])
    alone = Groups(np.arange(len(held_out)), len(held_out))
    labels = [row.row.label for row in held_out]
    if spec.regression:
        statistics = of_values(np.array(labels, np.float64), numbers, alone)
    else:
        positive = np.array([label == spec.positive_label for label in labels], np.bool_)
        chosen = decide(spec, [row.row.label for row in validation], fitted.held_out)
        threshold = THRESHOLD if chosen is None else chosen.threshold
        statistics = of_labels(positive, numbers >= threshold, numbers, alone)
    return {name: measure(statistics[name], alone) for name in METRICS[spec.task]}
