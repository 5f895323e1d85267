"""The gate: from a challenger's evaluation to PROMOTE, REJECT or HOLD, with the reasons a person reads.

A challenger is rejected if it misses an absolute threshold or a floor, or is shown to be worse than the champion or
the anchor and not shown to be within the margin. It is held where that is undecided, where too few rows or groups of a
class say anything, on an alert, and wherever evidence is missing: what is not known is never "ok". REJECT beats HOLD
beats PROMOTE. Without a champion (a first run) the absolute conditions are all there are.

*How the error is spent.* Each promotion spends ``level``: a challenger that truly loses more than the margin passes a
comparison with at most that chance, so of K such challengers about ``level * K`` go live. None is kept for later: the
question is new each time. What must not happen is that losses within the margin add up, each against a slightly worse
champion. Hence the anchor, the best version so far, scored on today's rows: every challenger is held to the margin
against it as well, and it moves only to a version whose estimate on the same rows is at least as good. So the measured
loss against the best is never more than one margin, however many promotions there were. The price is that of a
leaderboard (Blum and Hardt 2015): the best of K estimates on the same rows is flattered by about the standard error
times ``sqrt(2 ln K)``, which makes the gate stricter, and new rows are what takes that away.

Everything is read from JSON that a job wrote, maybe one of an earlier version: what is not as expected is missing.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from chalicelib.core.measures import ERRORS, reaches
from chalicelib.core.policies import SMALL_DATASET
from chalicelib.core.spec import PipelineSpec

Decision = Literal["PROMOTE", "REJECT", "HOLD"]
_WORST_FIRST: tuple[Decision, ...] = ("REJECT", "HOLD", "PROMOTE")
_Finding = tuple[Decision, str]
_TOLD = 3  # slices or sources named


@dataclass(frozen=True)
class Verdict:
    """What the gate says of a challenger.

    ``reasons`` are what speaks against a promotion, the worst first; where nothing does, what speaks for it. They may
    name slices and uploaded files, so they are for the ledger and people, not for logs. ``evidence`` are the figures,
    JSON-ready. ``anchor_better`` says whether the challenger, once promoted, is the new anchor.
    """

    decision: Decision
    reasons: tuple[str, ...]
    evidence: Mapping[str, Any]
    anchor_better: bool


def judge(spec: PipelineSpec, evaluation: Mapping[str, Any] | None, *, champion: bool, anchor: bool) -> Verdict:
    """Judge a challenger by its evaluation.

    ``champion`` and ``anchor`` say whether there is such a model, which the challenger must then be compared with.
    """
    if evaluation is None:
        return Verdict("HOLD", ("there is no evaluation of this run",), {}, anchor_better=False)
    roles = [role for role, exists in (("champion", champion), ("anchor", anchor)) if exists]
    findings = [
        *_thresholds(spec, evaluation),
        *_counts(spec, _at(evaluation, "dataset", "counts"), "held-out"),
        *_cross_validation(spec, evaluation),
        *_floors(spec, evaluation, "slices", spec.gate.slice_floors),
        *_floors(spec, evaluation, "sources", spec.gate.source_floors),
        *_alerts(spec, evaluation),
        *(finding for role in roles for finding in _comparison(spec, _at(evaluation, "comparison", role), role)),
    ]
    ordered = sorted(findings, key=lambda finding: _WORST_FIRST.index(finding[0]))
    decision = ordered[0][0]
    against = tuple(sentence for of, sentence in ordered if of != "PROMOTE")
    gain = _number(evaluation, "comparison", "anchor", "gain")
    return Verdict(
        decision,
        against or tuple(sentence for _, sentence in ordered),
        _evidence(spec, evaluation, roles),
        anchor_better=not anchor or (gain is not None and gain >= 0),
    )


def _thresholds(spec: PipelineSpec, evaluation: Mapping[str, Any]) -> Iterator[_Finding]:
    """Hold the metrics of the held-out rows to the absolute thresholds; the first metric must be there at all."""
    bounds = spec.gate.thresholds
    for metric in dict.fromkeys([spec.gate.compared_by(spec.task), *bounds]):
        value = _metric(spec, evaluation, metric)
        if value is None:
            yield "HOLD", f"the evaluation has no {metric}"
        elif metric in bounds:
            yield _held_to(metric, value, bounds[metric], f"{metric} on held-out rows is {value:.4g}")
        else:
            yield "PROMOTE", f"{metric} on held-out rows is {value:.4g}"


def _counts(spec: PipelineSpec, counts: object, which: str) -> Iterator[_Finding]:
    """Ask for enough rows and groups of every label, or for a regression of all."""
    gate = spec.gate
    for name in spec.labels or ("all",):
        rows, groups = (_number(counts, name, unit) for unit in ("rows", "groups"))
        if rows is None or groups is None:
            yield "HOLD", f"it is not known how many {which} rows there are ({name})"
        elif rows < gate.min_rows or groups < gate.min_groups:
            yield (
                "HOLD",
                (
                    f"{rows:.0f} {which} rows in {groups:.0f} groups ({name}) are too few to judge by: asked for are"
                    f" {gate.min_rows} rows in {gate.min_groups} groups"
                ),
            )


def _cross_validation(spec: PipelineSpec, evaluation: Mapping[str, Any]) -> Iterator[_Finding]:
    """Where there are few rows to learn from, hold the recipe's cross-validated means to the thresholds, too."""
    rows = [_number(evaluation, "data", "rows", side) for side in ("train", "validation")]
    known = [count for count in rows if count is not None]
    if len(known) < len(rows):
        yield "HOLD", "it is not known how many rows the model was fitted on"
        return
    if sum(known) >= SMALL_DATASET:
        return
    bounds = spec.gate.thresholds
    for metric in bounds or [spec.gate.compared_by(spec.task)]:
        mean, spread = (
            _number(evaluation, "cross_validation", "metrics", metric, name) for name in ("mean", "standard_deviation")
        )
        if mean is None or spread is None:
            yield "HOLD", f"with {sum(known):.0f} rows to learn from, the {metric} must be cross-validated, and is not"
            continue
        told = f"{metric} in cross-validation is {mean:.4g} (deviation between folds {spread:.2g})"
        yield _held_to(metric, mean, bounds[metric], told) if metric in bounds else ("PROMOTE", told)


def _floors(
    spec: PipelineSpec, evaluation: Mapping[str, Any], kind: str, floors: Mapping[str, float]
) -> Iterator[_Finding]:
    """Hold every slice, or source, with enough rows to the floors; one whose metric cannot be measured has none."""
    if not floors:
        return
    parts = _at(evaluation, kind)
    if not isinstance(parts, list) or not parts:
        yield "HOLD", f"the evaluation has no {kind} to hold to their floors"
        return
    gate = spec.gate
    for metric, floor in floors.items():
        low = list[str]()
        for part in parts:
            rows, groups, value = (
                _number(part, *path) for path in (("rows",), ("groups",), ("metrics", metric, "value"))
            )
            if rows is None or groups is None or (value is None and not _unmeasurable(part, metric)):
                yield "HOLD", f"one of the {kind} has no {metric} or no counts"
            elif value is not None and rows >= gate.min_rows and groups >= gate.min_groups:
                low += [] if reaches(metric, value, floor) else [f"{_name(part)} {value:.4g} of {rows:.0f} rows"]
        more = f" and {len(low) - _TOLD} more" if len(low) > _TOLD else ""
        if low:
            yield "REJECT", f"{metric} of {kind} misses the floor {floor:g}: {'; '.join(low[:_TOLD])}{more}"
        else:
            yield "PROMOTE", f"{metric} of all {kind} with enough rows reaches the floor {floor:g}"


def _unmeasurable(part: object, metric: str) -> bool:
    """Return whether a slice is said to have no such metric: an AUC of one label has no value, and says so."""
    measured = _at(part, "metrics", metric)
    return isinstance(measured, Mapping) and "value" in measured and measured["value"] is None


def _alerts(spec: PipelineSpec, evaluation: Mapping[str, Any]) -> Iterator[_Finding]:
    alerts = _at(evaluation, "alerts")
    if not isinstance(alerts, list):
        yield "HOLD", "the evaluation does not say whether its data are odd"
        return
    for alert in alerts:
        if _at(alert, "kind") in spec.gate.hold_on:
            yield "HOLD", str(_at(alert, "message"))


def _comparison(spec: PipelineSpec, compared: object, role: str) -> Iterator[_Finding]:
    """Ask whether the challenger is shown to lose no more than the margin against a model."""
    gate = spec.gate
    if why := _at(compared, "missing"):
        yield "HOLD", f"there is no comparison with the {role}: {why}"
        return
    gain, lower, upper = (_number(compared, name) for name in ("gain", "lower", "upper"))
    if gain is None or lower is None or upper is None or not lower <= gain <= upper:
        yield "HOLD", f"there is no comparison with the {role}"
        return
    metric = gate.compared_by(spec.task)
    if (_at(compared, "metric"), _at(compared, "level")) != (metric, gate.level):
        yield (
            "HOLD",
            f"the comparison with the {role} is not of the {metric} at the level {gate.level:g}: evaluate anew",
        )
        return
    few = list(_counts(spec, _at(compared, "counts"), f"comparable ({role})"))
    yield from few
    if few:
        return
    margin = gate.margin_at(gain - lower)
    form = "+.2%" if metric in ERRORS else "+.4f"  # of an error, its part
    better = f"the {role}'s {metric} is {'cut' if metric in ERRORS else 'exceeded'} by {gain:{form}}"
    told = f"{better}, with {1 - gate.level:.0%} confidence by at least {lower:{form}}"
    if lower >= -margin:
        yield "PROMOTE", f"{told}: no loss beyond the margin {margin:{form[1:]}}"
    elif upper < 0:
        yield "REJECT", f"{better}, with {1 - gate.level:.0%} confidence by at most {upper:{form}}: it is worse"
    else:
        yield "HOLD", f"{told}: a loss beyond the margin {margin:{form[1:]}} cannot be excluded"


def _evidence(spec: PipelineSpec, evaluation: Mapping[str, Any], roles: list[str]) -> dict[str, Any]:
    """Return the figures that were judged."""
    wanted = dict.fromkeys([spec.gate.compared_by(spec.task), *spec.gate.thresholds])
    figures = (
        "metric",
        "rows",
        "groups",
        "challenger",
        "other",
        "gain",
        "lower",
        "upper",
        "margin",
        "p_value",
        "missing",
    )
    compared = {role: _at(evaluation, "comparison", role) for role in roles}
    return {
        "metrics": {metric: _metric(spec, evaluation, metric) for metric in wanted},
        "counts": _at(evaluation, "dataset", "counts"),
        "cross_validation": {
            metric: _number(evaluation, "cross_validation", "metrics", metric, "mean") for metric in wanted
        },
        "comparison": {
            role: {name: _at(one, name) for name in figures if _at(one, name) is not None}
            for role, one in compared.items()
        },
    }


def _held_to(metric: str, value: float, bound: float, told: str) -> _Finding:
    least = "at most" if metric in ERRORS else "at least"
    met = reaches(metric, value, bound)
    return ("PROMOTE" if met else "REJECT"), f"{told}, {'as' if met else 'but'} {least} {bound:g} is asked for"


def _metric(spec: PipelineSpec, evaluation: Mapping[str, Any], metric: str) -> float | None:
    return _number(evaluation, f"{spec.task}_metrics", metric, "value")


def _name(part: object) -> str:
    return " ".join(str(_at(part, name)) for name in ("column", "slice", "source") if _at(part, name) is not None)


def _at(value: object, *path: str) -> Any:  # noqa: ANN401 - JSON is anything
    """Return what lies at a path of JSON objects; None if there is nothing."""
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _number(value: object, *path: str) -> float | None:
    """Return the finite number at a path of JSON objects; None if there is none."""
    found = _at(value, *path)
    usable = isinstance(found, int | float) and not isinstance(found, bool) and math.isfinite(found)
    return float(found) if usable else None
