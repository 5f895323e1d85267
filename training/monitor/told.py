"""What is told of a window beside its verdict, and decides nothing: quality, bias, attribution, and how far away it is.

And in which order what moved should be looked at: by how much it moved the model's answers, where the model is there
to say so (of a column the change of its mean contribution, or of that of its size, whichever is larger; of a text's
words the change of what they contribute together; of a word what it adds to a typical row, times the change of its
share), then by how far the distributions are apart.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from chalicelib.core.spec import PipelineSpec
from training.errors import InputError
from training.monitor import attribution, bias, domain, quality, slice_attribution
from training.monitor.attribution import LEAST_GAIN, Attributed, Attributing, Contributions
from training.monitor.background import Background
from training.monitor.baseline import Baseline
from training.monitor.check import Policy
from training.monitor.contributions import Explainer, TextExplainer, explainer_of
from training.monitor.domain import Side
from training.monitor.given import GivenModel
from training.monitor.parts import Parting, Partition, Sums
from training.monitor.window import Observer, Window


@dataclass(frozen=True)
class _Attribution:
    """What a window's rows are explained by."""

    explainer: Explainer
    baseline: Contributions
    attributing: Attributing


class Watch:
    """Looks at every row of a window for what is told; ``model`` is the one that answered it, if it is given.

    Raises
    ------
    InputError
        If the model is not the one that the baseline was made with.
    """

    def __init__(self, background: Background, model: GivenModel | None) -> None:
        self.parting = Parting(background.partition)
        self.attribution: _Attribution | None = None
        self.unexplained = ""
        baseline = background.contributions
        explainer = explainer_of(model.loaded.model) if model else None
        if model is None:
            self.unexplained = "no model was given"
        elif baseline is None or explainer is None:
            self.unexplained = "the baseline was made without a model that can be explained"
        elif baseline.model != model.digest:
            raise InputError("the model is not the one that the baseline was made with")
        else:
            self.attribution = _Attribution(explainer, baseline, Attributing(explainer, baseline, background.partition))

    @property
    def observers(self) -> list[Observer]:
        """Who wants to see the rows."""
        return [self.parting, *([self.attribution.attributing] if self.attribution else [])]


@dataclass(frozen=True)
class Told:
    """What is told, JSON-ready, and what of it is listed in SageMaker's layout."""

    statistics: Mapping[str, Any]
    violations: Sequence[Mapping[str, str]]


def tell(
    baseline: Baseline,
    background: Background,
    window: Window,
    watch: Watch,
    *,
    policy: Policy,
    statistics: Mapping[str, Any],
) -> Told:
    """Return what is told of a window that was counted to its end and has rows; ``statistics`` are its check's."""
    partition, before, now = background.partition, background.sums, watch.parting.sums()
    of_columns = quality.find(partition, before, now, background.tokens, window.tokens)
    slices = bias.find(partition, before, now)
    found, told, values = _attribute(watch, partition, policy)
    effects = {} if found is None else _effects(partition.spec, found, told)
    violations = [
        *quality.violations(partition, of_columns, policy.level),
        *bias.violations(slices, policy.level, before.overall().value if partition.spec.regression else 1.0),
        *_attribution_violations(partition.spec, told, policy.level),
    ]
    return Told(
        {
            "data_quality": of_columns,
            "shares": _shares(background, before, now, window),
            "bias": {"all": bias.compared(now.overall(), before.overall()), "slices": slices},
            "attribution": told,
            "domain_classifier": _domain(baseline, window, policy.least_rows_of_word),
            "moved": rank(statistics["figures"], statistics["columns"], effects, policy.level),
            "words": _with_effects(statistics["words"], watch, values),
        },
        violations,
    )


def rank(
    figures: Mapping[str, Mapping[str, float]],
    columns: Mapping[str, Mapping[str, Any]],
    effects: Mapping[str, float],
    level: float,
) -> list[dict[str, Any]]:
    """Return what was looked at, the most telling first: what moved before what did not, then by effect."""
    corrected: dict[str, float] = {}
    for name, figure in figures.items():
        of = name.removesuffix(":largest").removesuffix(":shift")
        corrected[of] = min(figure["corrected"], corrected.get(of, 1.0))
    rows = [
        {
            "feature": name,
            "p_value": chance,
            "moved": chance <= level,
            "effect_on_answers": effects.get(name),
            "population_stability": columns.get(name, {}).get("population_stability"),
            "jensen_shannon": columns.get(name, {}).get("jensen_shannon"),
            "kolmogorov_smirnov": columns.get(name, {}).get("kolmogorov_smirnov"),
        }
        for name, chance in corrected.items()
    ]
    return sorted(
        rows,
        key=lambda row: (not row["moved"], -(row["effect_on_answers"] or 0.0), -(row["jensen_shannon"] or 0.0)),
    )


def _attribute(
    watch: Watch, partition: Partition, policy: Policy
) -> tuple[Attributed | None, dict[str, Any], sparse.csr_matrix | None]:
    if watch.attribution is None:
        return None, {"missing": watch.unexplained}, None
    explainer, baseline = watch.attribution.explainer, watch.attribution.baseline
    window = watch.attribution.attributing.explained()
    values = window.values
    found = attribution.attribute(baseline, values)
    held = np.bincount(values.indices, minlength=len(baseline.features))
    shown = [explainer.method == "shap" or rows >= policy.least_rows_of_word for rows in held.tolist()]
    features = attribution.told(found, explainer.names(baseline.features.tolist()), shown)
    return (
        found,
        {
            "method": explainer.method,
            "rows": values.shape[0],
            "ndcg": found.gain,
            "ndcg_without_drift": found.usual,
            "p_value": found.chance,
            "features": features,
            "slices": slice_attribution.find(partition, baseline, window, policy.level),
        },
        values,
    )


def _effects(spec: PipelineSpec, found: Attributed, told: Mapping[str, Any]) -> dict[str, float]:
    if told["method"] == "shap":
        sizes = np.maximum(np.abs(found.shift), np.abs(found.now - found.before)).tolist()
        return {one["feature"]: size for one, size in zip(told["features"], sizes, strict=True)}
    texts = [column.name for column in spec.columns if column.kind == "text"]
    # Of several texts the model reads one below the other, so what each contributes is not known apart.
    return {f"{texts[0]}.words": abs(float(found.shift.sum()))} if len(texts) == 1 else {}


def _attribution_violations(spec: PipelineSpec, told: Mapping[str, Any], level: float) -> list[dict[str, str]]:
    if "missing" in told:
        return []
    of_slices = slice_attribution.violations(told["slices"], spec.target, told["method"], level)
    if told["p_value"] is None or told["ndcg"] >= LEAST_GAIN or told["p_value"] > level:
        return of_slices
    return [
        {
            "label": spec.target,
            "metric_name": told["method"],
            "constraint_check_type": "feature_attribution_drift_check",
            "description": f"the nDCG of the features' ranking is {told['ndcg']:.4f}, below {LEAST_GAIN},"
            f" and without drift {told['ndcg_without_drift']:.4f}; p-value {told['p_value']:.4f}",
        },
        *of_slices,
    ]


def _shares(background: Background, before: Sums, now: Sums, window: Window) -> dict[str, Any]:
    """Return the shares over all columns, before and now; None where no column can have it."""
    found: dict[str, Any] = {
        kind: {
            "before": quality.share(background.partition, before, kind),
            "now": quality.share(background.partition, now, kind),
        }
        for kind in ("missing", "unseen", "outside")
    }
    found["unknown_tokens"] = {
        "before": quality.unknown_of(background.tokens.values()),
        "now": quality.unknown_of(window.tokens.values()),
    }
    return found


def _domain(baseline: Baseline, window: Window, least: int) -> dict[str, Any]:
    found = domain.tell_apart(
        Side(baseline.null.features, baseline.null.groups), Side(*window.sample()), window.references
    )
    if found is None:
        return {"missing": f"baseline or window has fewer than {domain.FOLDS} groups"}
    return domain.told(found, baseline.cells, window.words, least)


def _with_effects(words: Mapping[str, Any], watch: Watch, values: sparse.csr_matrix | None) -> dict[str, Any]:
    """Return the words that moved with their effect on a row's answer, the largest first, where the model tells."""
    if watch.attribution is None or values is None or not isinstance(watch.attribution.explainer, TextExplainer):
        return dict(words)
    found: dict[str, Any] = {}
    for name, one in words.items():
        moved = one["moved"]
        weights = watch.attribution.explainer.weigh(
            [word["word"] for word in moved], values, watch.attribution.baseline.features
        )
        told = [
            word | {"effect_on_answers": float(weight) * (word["share"] - word["share_before"])}
            for word, weight in zip(moved, weights.tolist(), strict=True)
        ]
        found[name] = one | {"moved": sorted(told, key=lambda word: -abs(word["effect_on_answers"]))}
    return found
