import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.gate import judge
from chalicelib.core.policies import GatePolicy
from chalicelib.pipelines.housing import SPEC as HOUSING
from chalicelib.pipelines.reviews import SPEC as REVIEWS

GATE = GatePolicy(
    thresholds={"accuracy": 0.8},
    slice_floors={"accuracy": 0.7},
    source_floors={"accuracy": 0.6},
    margin=0.02,
    min_rows=20,
    min_groups=5,
)
SPEC = replace(REVIEWS, gate=GATE)
COUNTS = {label: {"rows": 100, "groups": 20} for label in SPEC.labels}
COMPARED = {
    "metric": "accuracy",
    "level": 0.05,
    "rows": 200,
    "groups": 30,
    "counts": COUNTS,
    "challenger": 0.9,
    "other": 0.89,
    "gain": 0.01,
    "lower": -0.01,
    "upper": 0.03,
}
PART = {"rows": 50, "groups": 9, "metrics": {"accuracy": {"value": 0.85}}}
GOOD: dict[str, Any] = {
    "dataset": {"counts": COUNTS},
    "binary_classification_metrics": {"accuracy": {"value": 0.9}},
    "data": {"rows": {"train": 1200, "validation": 150}},
    "cross_validation": {"metrics": {"accuracy": {"mean": 0.88, "standard_deviation": 0.02}}},
    "slices": [{"column": "text", "slice": "short", **PART}, {"column": "text", "slice": "long", **PART}],
    "sources": [{"source": "a.csv", **PART}],
    "alerts": [],
    "comparison": {"champion": COMPARED, "anchor": COMPARED},
}


def changed(*changes: tuple[str, Any]) -> dict[str, Any]:
    """Return the good evaluation with other values at dotted paths."""
    evaluation = copy.deepcopy(GOOD)
    for path, value in changes:
        *parents, last = path.split(".")
        place: Any = evaluation
        for name in parents:
            place = place[int(name)] if isinstance(place, list) else place[name]
        place[last] = value
    return evaluation


def decide(evaluation: Mapping[str, Any] | None) -> tuple[str, str]:
    verdict = judge(SPEC, evaluation, champion=True, anchor=True)
    return verdict.decision, " | ".join(verdict.reasons)


def test_good_challengers_are_promoted_with_every_figure() -> None:
    """A challenger with nothing against it is promoted, and the reasons hold the figures it was judged by."""
    verdict = judge(SPEC, GOOD, champion=True, anchor=True)
    assert verdict.decision == "PROMOTE"
    assert verdict.anchor_better
    assert verdict.reasons == (
        "accuracy on held-out rows is 0.9, as at least 0.8 is asked for",
        "accuracy in cross-validation is 0.88 (deviation between folds 0.02), as at least 0.8 is asked for",
        "accuracy of all slices with enough rows reaches the floor 0.7",
        "accuracy of all sources with enough rows reaches the floor 0.6",
        *(
            f"the {role}'s accuracy is exceeded by +0.0100, with 95% confidence by at least -0.0100: no loss beyond the"
            " margin 0.0302"
            for role in ("champion", "anchor")
        ),
    )
    assert json.loads(json.dumps(verdict.evidence))["comparison"]["champion"]["gain"] == 0.01


WORSE = {"gain": -0.05, "lower": -0.07, "upper": -0.03}
UNSURE = {"gain": -0.05, "lower": -0.27, "upper": 0.17}


@pytest.mark.parametrize(
    ("path", "value", "decision", "reason"),
    [
        ("binary_classification_metrics.accuracy.value", 0.79, "REJECT", "accuracy on held-out rows is 0.79, but"),
        ("binary_classification_metrics.accuracy.value", None, "HOLD", "the evaluation has no accuracy"),
        ("binary_classification_metrics.accuracy.value", float("nan"), "HOLD", "the evaluation has no accuracy"),
        ("dataset.counts", {**COUNTS, "positive": {"rows": 19, "groups": 9}}, "HOLD", "19 held-out rows in 9 groups"),
        ("dataset.counts", {**COUNTS, "positive": {"rows": 99, "groups": 4}}, "HOLD", "99 held-out rows in 4 groups"),
        ("dataset.counts", {"negative": COUNTS["negative"]}, "HOLD", "not known how many held-out rows"),
        ("data", None, "HOLD", "not known how many rows the model was fitted on"),
        ("cross_validation", None, "HOLD", "with 1350 rows to learn from, the accuracy must be cross-validated"),
        ("cross_validation.metrics.accuracy.mean", 0.75, "REJECT", "accuracy in cross-validation is 0.75"),
        (
            "slices.1.metrics",
            {"accuracy": {"value": 0.6}},
            "REJECT",
            "floor 0.7: text long 0.6 of 50",
        ),
        ("slices", [], "HOLD", "no slices to hold to their floors"),
        ("slices.0.metrics", {}, "HOLD", "one of the slices has no accuracy"),
        ("sources.0.metrics", {"accuracy": {"value": 0.5}}, "REJECT", "floor 0.6: a.csv 0.5 of 50"),
        ("alerts", [{"kind": "target_shift", "message": "other people"}], "HOLD", "other people"),
        ("alerts", None, "HOLD", "does not say whether its data are odd"),
        ("comparison.champion", None, "HOLD", "there is no comparison with the champion"),
        ("comparison.anchor", {"missing": "no digests"}, "HOLD", "no comparison with the anchor: no digests"),
        ("comparison.champion", {**COMPARED, **WORSE}, "REJECT", "by at most -0.0300: it is worse"),
        ("comparison.anchor", {**COMPARED, **WORSE}, "REJECT", "the anchor's accuracy is exceeded by -0.0500"),
        ("comparison.champion", {**COMPARED, **UNSURE}, "HOLD", "a loss beyond the margin 0.1500 cannot be excluded"),
        ("comparison.champion", {**COMPARED, "level": 0.2}, "HOLD", "evaluate anew"),
        ("comparison.champion", {**COMPARED, "metric": "auc"}, "HOLD", "evaluate anew"),
        ("comparison.champion", {**COMPARED, "upper": 0.0}, "HOLD", "there is no comparison with the champion"),
        ("comparison.champion.counts", {**COUNTS, "negative": {"rows": 9, "groups": 9}}, "HOLD", "9 comparable (champ"),
    ],
)
def test_what_speaks_against_a_promotion(path: str, value: object, decision: str, reason: str) -> None:
    """What is bad rejects, what is missing or undecided holds, and the reason says which and how much."""
    decided, reasons = decide(changed((path, value)))
    assert decided == decision
    assert reason in reasons


def test_small_slices_are_not_judged() -> None:
    """A slice of too few rows, or whose metric cannot be measured, breaks no floor."""
    few = {**PART, "rows": 19, "metrics": {"accuracy": {"value": 0.1}}}
    unknown = {**PART, "metrics": {"accuracy": {"value": None}}}
    assert decide(changed(("slices", [*GOOD["slices"], few, unknown])))[0] == "PROMOTE"


def test_rejection_beats_hold() -> None:
    """What is bad and unsure is rejected; both reasons are told, the worse one first."""
    evaluation = changed(("binary_classification_metrics.accuracy.value", 0.5), ("data", None))
    verdict = judge(SPEC, evaluation, champion=True, anchor=True)
    assert verdict.decision == "REJECT"
    assert [reason.split(" ")[0] for reason in verdict.reasons] == ["accuracy", "it"]


def test_no_evaluation_is_no_promotion() -> None:
    """Without an evaluation there is nothing to promote by."""
    assert judge(SPEC, None, champion=False, anchor=False).decision == "HOLD"
    assert judge(SPEC, {}, champion=False, anchor=False).decision == "HOLD"


def test_first_runs_meet_absolute_conditions_only() -> None:
    """Without a champion no comparison is asked for; the challenger becomes the anchor."""
    verdict = judge(SPEC, changed(("comparison", {})), champion=False, anchor=False)
    assert verdict.decision == "PROMOTE"
    assert verdict.anchor_better


def test_large_data_need_no_cross_validation() -> None:
    """With enough rows to learn from, the held-out rows speak for themselves."""
    evaluation = changed(("data.rows.train", 1650), ("cross_validation", None))
    assert decide(evaluation)[0] == "PROMOTE"


@pytest.mark.parametrize(("gain", "better"), [(0.0, True), (-0.001, False)])
def test_anchor_moves_only_upwards(gain: float, *, better: bool) -> None:
    """A challenger within the margin may go live; only one at least as good as the anchor is the next anchor."""
    verdict = judge(SPEC, changed(("comparison.anchor", {**COMPARED, "gain": gain})), champion=True, anchor=True)
    assert verdict.decision == "PROMOTE"
    assert verdict.anchor_better is better


def test_errors_are_better_when_smaller() -> None:
    """For a regression a threshold is a largest error, and all rows are one class."""
    spec = replace(HOUSING, gate=GatePolicy(thresholds={"rmse": 4.0}))
    evaluation = {
        "dataset": {"counts": {"all": {"rows": 50, "groups": 50}}},
        "regression_metrics": {"rmse": {"value": 3.0}},
        "data": {"rows": {"train": 2000, "validation": 0}},
        "alerts": [],
    }
    assert judge(spec, evaluation, champion=False, anchor=False).decision == "PROMOTE"
    evaluation["regression_metrics"] = {"rmse": {"value": 5.0}}
    assert judge(spec, evaluation, champion=False, anchor=False).decision == "REJECT"


def test_gains_of_errors_are_told_in_percent() -> None:
    """Of an error a gain is a part, and is told as one."""
    compared = {**COMPARED, "metric": "rmse", "counts": {"all": {"rows": 50, "groups": 50}}, "gain": 0.05}
    promoted = judge(
        replace(HOUSING, gate=GatePolicy()),
        {
            "dataset": {"counts": compared["counts"]},
            "regression_metrics": {"rmse": {"value": 3.0}},
            "data": {"rows": {"train": 2000, "validation": 0}},
            "alerts": [],
            "comparison": {"champion": compared | {"upper": 0.11}},
        },
        champion=True,
        anchor=False,
    )
    assert promoted.reasons[1] == (
        "the champion's rmse is cut by +5.00%, with 95% confidence by at least -1.00%: no loss beyond the margin 9.07%"
    )


def paths(value: object, *above: str | int) -> Iterator[tuple[str | int, ...]]:
    """Yield the path of everything in a JSON value."""
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, member in members:
        yield (*above, name)
        yield from paths(member, *above, name)


def judged(path: tuple[str | int, ...]) -> bool:
    """Return whether the gate judges by what lies at a path: not by figures that it only tells, nor by names."""
    of_part = path[0] in {"slices", "sources"} and len(path) > 2
    told = {"rows", "groups", "challenger", "other"} if path[0] == "comparison" and "counts" not in path else set[str]()
    return not isinstance(path[-1], int) and path[-1] not in told | (
        {"column", "slice", "source", "value"} if of_part else set()
    )


@given(st.sampled_from([path for path in paths(GOOD) if judged(path)]), st.sampled_from([None, "?", {}, float("nan")]))
def test_missing_evidence_never_promotes(path: tuple[str | int, ...], instead: object) -> None:
    """Whatever part of the evidence is not there, or not what it should be, there is no promotion."""
    evaluation = copy.deepcopy(GOOD)
    place: Any = evaluation
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = instead
    assert decide(evaluation)[0] == "HOLD"
    del place[path[-1]]
    assert decide(evaluation)[0] == "HOLD"


RANKS = ("REJECT", "HOLD", "PROMOTE")
SHARES = st.floats(0, 1)
STEPS = st.floats(0, 0.3)


@given(
    st.tuples(SHARES, SHARES, SHARES, st.floats(-0.4, 0.4)), st.floats(0, 0.3), st.tuples(STEPS, STEPS, STEPS, STEPS)
)
def test_better_challengers_never_get_a_worse_verdict(
    figures: tuple[float, ...], reach: float, better: tuple[float, ...]
) -> None:
    """Where any figure of a challenger is better and none is worse, so is the verdict, or it is the same."""

    def rank(a: float, m: float, s: float, g: float) -> int:
        compared = {**COMPARED, "gain": g, "lower": g - reach, "upper": g + reach}
        evaluation = changed(
            ("binary_classification_metrics.accuracy.value", a),
            ("cross_validation.metrics.accuracy.mean", m),
            ("slices.0.metrics", {"accuracy": {"value": s}}),
            ("comparison", {"champion": compared, "anchor": compared}),
        )
        return RANKS.index(decide(evaluation)[0])

    assert rank(*figures) <= rank(*(figure + step for figure, step in zip(figures, better, strict=True)))
