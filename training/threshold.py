"""Where the positive label begins: at a probability of 0.5, or where the spec's precision or recall is reached.

A threshold is chosen on the validation rows, scored by a model that had not seen them. The price: the model that leaves
is fitted once more with those rows, so its scores may lie a little differently, and a share that was met on validation
is met on later rows only about as often as its sampling error allows.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chalicelib.core.spec import DecisionTarget, PipelineSpec
from training import metrics
from training.metrics import Bools, Floats

THRESHOLD = 0.5  # of a pipeline without a decision target

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Chosen:
    """A threshold, the precision and recall of the calls at it and above, and whether they are what was asked for."""

    threshold: float
    precision: float
    recall: float
    met: bool


def decide(spec: PipelineSpec, labels: Sequence[str | float], scores: Floats | None) -> Chosen | None:
    """Return what the spec's decision target makes of the validation rows; None where `THRESHOLD` applies.

    Parameters
    ----------
    labels, scores
        Of the validation rows, the scores by a model that had not seen them; None if there were none to learn from.
    """
    if spec.decision is None:
        return None
    if scores is None:
        logger.warning("train.undecided: without validation rows of both labels the threshold stays %s", THRESHOLD)
        return None
    chosen = choose(np.array([label == spec.positive_label for label in labels], np.bool_), scores, spec.decision)
    if not chosen.met:
        logger.warning("train.target_missed: no threshold gives the %s that is asked for", spec.decision.metric)
    return chosen


def choose(positive: Bools, scores: Floats, target: DecisionTarget) -> Chosen:
    """Return the threshold that reaches the target and gives most of the other of precision and recall.

    Where none reaches it, the one that comes nearest. ``positive`` and ``scores`` have shape (rows,), at least one row.
    """
    thresholds, hits, calls = metrics.cumulative(positive, scores)
    shares = {"precision": hits / calls, "recall": hits / max(1, int(positive.sum()))}
    wanted = shares.pop(target.metric)
    (other,) = shares.values()
    met = wanted >= target.at_least
    # Where two give the same, the one that also gives more of the second.
    first, second = (np.where(met, other, -1.0), wanted) if met.any() else (wanted, other)
    best = int(np.lexsort((second, first))[-1])
    called = metrics.confusion(positive, scores >= thresholds[best])
    return Chosen(float(thresholds[best]), called.precision, called.recall, bool(met.any()))
