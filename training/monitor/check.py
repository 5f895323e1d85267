"""The verdict on a window: ``drift``, ``no drift``, or ``not enough data``, and what it rests on.

Where less of the window was read than the floor, where rows or groups are few, or where the baseline has few groups,
the verdict is ``not enough data`` with every reason, never ``no drift``. Figures are told all the same, where there
are any: they may help a person, and start nothing.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np

from training.captured import Coverage
from training.errors import InputError
from training.monitor.baseline import Baseline
from training.monitor.columns import compare, compare_words
from training.monitor.null import DRAWS, Draws
from training.monitor.rows import SCORE
from training.monitor.rule import Block, Figure, Seen, decide, variances
from training.monitor.window import Window

Verdict = Literal["drift", "no drift", "not enough data"]

LEAST_GROUPS = 20  # of window and baseline: with fewer, drawing them says little of chance
MOST_DRAWS = 4_000
DRAWS_BEYOND = 4  # without drift, that reach what a window of the level's p-value does
HALF = 0.5
TOLD_WORDS = 20


@dataclass(frozen=True)
class Policy:
    """What a window must have to be judged, and how often an alarm may be false.

    ``level`` is the chance of an alarm in a window without drift. ``expected`` is how many requests were captured of
    the window at least, whichever version answered, where that is known. ``least_rows_of_word`` bounds from below of
    how many rows a word is told.
    """

    level: float = 0.05
    least_rows: int = 200
    least_coverage: float = 0.8
    expected: int | None = None
    least_rows_of_word: int = 5

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        numbers = (self.level, self.least_coverage, self.least_rows, self.expected or 0, self.least_rows_of_word)
        if not all(isinstance(number, int | float) and math.isfinite(number) for number in numbers):
            raise InputError("a window's policy is made of numbers")
        if not (0 < self.level < 1 and 0 <= self.least_coverage <= 1 and min(numbers[2:]) >= 0):
            raise InputError("the level and least_coverage are shares, and counts are not negative")


@dataclass(frozen=True)
class Checked:
    """What a check says of a window, JSON-ready but for its verdict."""

    verdict: Verdict
    chance: float | None
    reasons: tuple[str, ...]
    statistics: Mapping[str, Any]
    violations: tuple[Mapping[str, str], ...]


def check(baseline: Baseline, window: Window, coverage: Coverage, policy: Policy) -> Checked:
    """Judge a window that was counted to its end.

    Raises
    ------
    InputError
        If so small a level cannot be told by drawing.
    """
    reasons = _lacking(baseline, window, coverage, policy)
    statistics: dict[str, Any] = {
        "rows": window.rows,
        "baseline_rows": baseline.rows,
        "coverage": coverage.to_dict() | {"share": coverage.share(policy.expected), "expected": policy.expected},
    }
    if not window.rows:
        return Checked("not enough data", None, tuple(reasons), statistics, ())
    blocks = baseline.cells.blocks
    null = replace(baseline.null, draws=draws_for(policy.level))
    judged, draws = decide(blocks, null, Seen(window.shares(), window.rows, *window.sample()), policy.level)
    columns = compare(baseline.counts, window.counts, frozenset(baseline.cells.edges))
    statistics |= {
        "figures": {name: asdict(figure) for name, figure in judged.figures.items()},
        "draws": len(draws.differences),
        "columns": {name: asdict(column) for name, column in columns.items()},
        "words": {
            block.name: _told(
                baseline, window, block, judged.moved[block.first : block.last], policy.least_rows_of_word
            )
            for block in blocks
            if block.kind == "words"
        },
        "baseline_error": baseline_error(blocks, draws),
    }
    limited = [name for name, share in statistics["baseline_error"].items() if share > HALF]
    if limited:
        statistics["limit"] = (
            f"the baseline is too small for this window: more than half of the error is the baseline's in"
            f" {', '.join(limited)}; a longer window would see little more"
        )
    if reasons:
        return Checked("not enough data", judged.chance, tuple(reasons), statistics, ())
    drifted = judged.chance <= policy.level
    violations = tuple(_violations(judged.figures, policy.level))
    return Checked("drift" if drifted else "no drift", judged.chance, (), statistics, violations)


def _lacking(baseline: Baseline, window: Window, coverage: Coverage, policy: Policy) -> list[str]:
    shortfall = coverage.shortfall(policy.expected, policy.least_coverage)
    floors = (
        (not shortfall, shortfall),
        (
            window.rows >= max(1, policy.least_rows),
            f"the window has {window.rows:,} rows, and {max(1, policy.least_rows):,} are asked for",
        ),
        (
            window.groups >= LEAST_GROUPS,
            f"the window has {window.groups:,} groups of rows, and {LEAST_GROUPS} are asked for",
        ),
        (
            baseline.null.groups.count >= LEAST_GROUPS,
            (
                f"the baseline has {baseline.null.groups.count:,} groups of rows, and {LEAST_GROUPS} are asked for:"
                " it is too small for any window"
            ),
        ),
    )
    return [reason for met, reason in floors if not met]


def draws_for(level: float) -> int:
    """Return how many draws are needed to tell a p-value of the level."""
    needed = math.ceil(DRAWS_BEYOND / level)
    if needed > MOST_DRAWS:
        raise InputError(f"a level of {level:g} needs {needed:,} draws: {MOST_DRAWS:,} are made")
    return max(DRAWS, needed)


def baseline_error(blocks: Sequence[Block], draws: Draws) -> dict[str, float]:
    """Return which share of the variance is the baseline's own: of the score's shift, else the mean over a block.

    It is what all windows of this baseline have in common: no longer window makes it less.
    """
    shares = {}
    for block in blocks:
        of_window, of_baseline = variances(block, draws.formula)
        both = of_window + of_baseline
        parts = of_baseline[both > 0] / both[both > 0]
        if len(parts):
            shares[block.name] = float(parts[-1] if block.name == SCORE else parts.mean())
    return shares


def _told(baseline: Baseline, window: Window, block: Block, moved: np.ndarray, least: int) -> dict[str, Any]:
    """Return the words that moved most, and the new ones, each in at least so many of the window's rows."""
    name = block.name.removesuffix(".words")
    held = np.rint(baseline.null.shares[block.first : block.last] * baseline.rows).astype(np.int64)
    compared = compare_words(held, baseline.rows, window.words[name], window.rows)
    words, rows = baseline.cells.vocabularies[name].words, window.words[name]
    told = np.flatnonzero(~np.isnan(moved) & (rows >= least))
    first = told[np.argsort(-np.abs(moved[told]), kind="stable")][:TOLD_WORDS]
    new = [(word, times) for word, times in window.new_words[name].items() if times >= least]
    return {
        "moved": [
            {
                "word": words[place],
                "share": rows[place] / window.rows,
                "share_before": float(baseline.null.shares[block.first + place]),
                "standard_errors": float(moved[place]),
                "population_stability": float(compared.population_stability[place]),
                "jensen_shannon": float(compared.jensen_shannon[place]),
                "chances": {"chi_squared": float(compared.chances[place])},
            }
            for place in first.tolist()
        ],
        "new": [
            {"word": word, "rows": times}
            for word, times in sorted(new, key=lambda pair: (-pair[1], pair[0]))[:TOLD_WORDS]
        ],
    }


def _violations(figures: Mapping[str, Figure], level: float) -> list[Mapping[str, str]]:
    """Return what moved, in the layout of SageMaker's `constraint_violations.json`."""
    return [
        {
            "feature_name": name,
            "constraint_check_type": "baseline_drift_check",
            "description": f"p-value {figure.corrected:.4f}, corrected for all figures, at the level {level:g}",
        }
        for name, figure in figures.items()
        if figure.corrected <= level
    ]
