"""Renders an evaluation as one HTML file (see `pages`).

No text of a row is shown, only ids, files, scores and labels; words are of the
model's vocabulary, each in several texts.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chalicelib.core.gate import judge
from chalicelib.core.measures import METRICS
from training.held_out import Answers, HeldOut
from training.importance import explain
from training.learners.model import Loaded
from training.report import curves, pages, plots
from training.report.plots import Plot

WORST = 20  # errors listed
_COUNTED = ("read", "rejected", "duplicates", "leaked", "train", "validation", "test")  # of `prepare`'s rows
_TITLES = {
    "accuracy": "Accuracy", "auc": "AUC", "precision": "Precision", "recall": "Recall", "f1": "F1",
    "log_loss": "Log loss", "brier": "Brier score", "rmse": "RMSE", "mae": "MAE", "mse": "MSE", "r2": "R²",
}  # fmt: skip


def render(evaluation: Mapping[str, Any], held_out: HeldOut, answers: Answers, loaded: Loaded | None) -> str:
    """Return the page of an evaluation; the same evaluation gives the same page."""
    spec = held_out.spec
    compared = {role: one for role, one in evaluation["comparison"].items() if "missing" not in one}
    verdict = judge(
        spec, evaluation, champion="champion" in evaluation["comparison"], anchor="anchor" in evaluation["comparison"]
    )
    rows = (evaluation["data"] or {}).get("rows", {})
    return pages.render(
        "page.html",
        spec=spec,
        titles=_TITLES,
        metric=spec.gate.compared_by(spec.task),
        metrics={name: evaluation[f"{spec.task}_metrics"][name] for name in METRICS[spec.task]},
        confusion=None if spec.regression else evaluation[f"{spec.task}_metrics"]["confusion_matrix"],
        evaluation=evaluation,
        verdict=verdict,
        compared=compared,
        gains=plots.gains(compared) if compared else None,
        figures=_regression(held_out, answers) if spec.regression else _binary(evaluation, held_out, answers),
        importance=None if loaded is None else explain(loaded.model),
        counted={name: rows[name] for name in (*_COUNTED, *rows) if name in rows},
        errors=_errors(held_out, answers),
    )


def _binary(evaluation: Mapping[str, Any], held_out: HeldOut, answers: Answers) -> Mapping[str, Plot]:
    positive, scores, groups = held_out.positive, answers.numbers, held_out.groups
    share = float(positive.mean())
    return {
        "ROC curve": plots.banded(
            curves.roc(positive, scores, groups), x="False positive rate", y="True positive rate", chance=(0, 1)
        ),
        "Precision and recall": plots.banded(
            curves.precision_recall(positive, scores, groups), x="Recall", y="Precision", chance=(share, share)
        ),
        "Calibration": plots.calibration(evaluation["calibration"]["bins"]),
        "Scores": plots.scores(positive, scores, held_out.spec.labels),
    }


def _regression(held_out: HeldOut, answers: Answers) -> Mapping[str, Plot]:
    return {
        "Predicted and true": plots.against_truth(held_out.target, answers.numbers, held_out.spec.target),
        "Residuals": plots.residuals(held_out.target, answers.numbers),
        "Sizes of residuals": plots.residual_sizes(held_out.target, answers.numbers),
        "Errors": plots.error_shares(held_out.target, answers.numbers),
    }


def _errors(held_out: HeldOut, answers: Answers) -> Sequence[Mapping[str, Any]]:
    """Return the worst errors by reference: the surest of the wrong labels, or the largest residuals."""
    if held_out.spec.regression:
        size, wrong = np.abs(held_out.target - answers.numbers), np.ones(len(held_out.ids), np.bool_)
    else:
        size, wrong = np.abs(held_out.target - answers.numbers), answers.called != held_out.positive
    order = [place for place in np.argsort(-size, kind="stable").tolist() if wrong[place]]
    labels = held_out.spec.labels
    return [
        {
            "id": held_out.ids[place],
            "source": held_out.sources[place],
            "said": answers.numbers[place] if not labels else labels[int(answers.called[place])],
            "score": answers.numbers[place],
            "truth": held_out.target[place] if not labels else labels[int(held_out.target[place])],
        }
        for place in order[:WORST]
    ]
