"""The report's plots, each as one SVG in a data URI: nothing is fetched, and the same figures give the same bytes.

matplotlib is told which salt its ids have and that there is no date; letters are drawn as paths, so that a page looks
alike on every machine.
"""

import base64
import io
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.typing import RcKeyType

from training.metrics import Bools, Floats
from training.report.curves import Curve

INK, MUTED, GRID = "#1f2933", "#7b8794", "#e4e7eb"
FIRST, SECOND = "#b45309", "#1d5f8a"  # the two labels: also told apart in grey
_STYLE: dict[RcKeyType, Any] = {
    "svg.hashsalt": "freshet",
    "svg.fonttype": "path",
    "text.parse_math": False,  # a label with two dollar signs is no formula
    "font.size": 9.0,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
    "text.color": INK,
}
MOST_POINTS = 3_000  # of a cloud; more make a page of megabytes and look the same
SQUARE = (3.7, 3.4)


@dataclass(frozen=True)
class Plot:
    """An image's address, and its words for those who cannot see it."""

    uri: str
    words: str


def draw_plot(words: str, size: tuple[float, float], draw: Callable[[Axes], None]) -> Plot:
    """Return what a function draws on the axes of a figure of this size, in inches; ``words`` say what it shows."""
    with mpl.rc_context(_STYLE), warnings.catch_warnings():
        # The warning names the letter, which is a user's; a frame is drawn in its place.
        warnings.filterwarnings("ignore", r"Glyph .* missing from", UserWarning)
        figure = Figure(figsize=size, layout="constrained")
        draw(figure.add_subplot())
        buffer = io.BytesIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
    return Plot("data:image/svg+xml;base64," + base64.b64encode(buffer.getvalue()).decode("ascii"), words)


def banded(curve: Curve, *, x: str, y: str, chance: tuple[float, float]) -> Plot:
    """Draw a curve with its band; ``chance`` is where the curve of a guess begins and ends."""

    def draw(axes: Axes) -> None:
        axes.fill_between(curve.place, curve.lower, curve.upper, color=SECOND, alpha=0.18, linewidth=0)
        axes.plot(curve.place, curve.value, color=SECOND, linewidth=1.6)
        axes.plot((0, 1), chance, color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
        axes.set(xlabel=x, ylabel=y, xlim=(-0.01, 1.01), ylim=(-0.01, 1.01))

    return draw_plot(f"{y} by {x.lower()}, with a band of 95 % for each point", SQUARE, draw)


def calibration(bins: Sequence[Mapping[str, float]]) -> Plot:
    """Draw the observed share by the predicted one; a point's area is its number of rows."""
    rows = np.array([one["rows"] for one in bins])

    def draw(axes: Axes) -> None:
        axes.plot((0, 1), (0, 1), color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
        predicted, observed = ([one[name] for one in bins] for name in ("predicted", "observed"))
        axes.plot(predicted, observed, color=SECOND, linewidth=1, alpha=0.6)
        axes.scatter(predicted, observed, s=12 + 120 * rows / rows.max(), color=SECOND, alpha=0.8, linewidth=0)
        axes.set(xlabel="Mean score", ylabel="Share of positive rows", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))

    return draw_plot("Share of positive rows by their mean score, in tenths of the score", SQUARE, draw)


def scores(positive: Bools, numbers: Floats, labels: Sequence[str]) -> Plot:
    """Draw how many rows of each label have which score."""

    def draw(axes: Axes) -> None:
        bins = np.linspace(0, 1, 26).tolist()
        for label, color, inside in zip(labels, (FIRST, SECOND), (~positive, positive), strict=True):
            axes.hist(numbers[inside], bins, color=color, alpha=0.25, linewidth=0)
            axes.hist(numbers[inside], bins, color=color, histtype="step", linewidth=1.4, label=label)
        axes.set(xlabel="Score", ylabel="Rows", xlim=(0, 1))
        axes.legend(loc="upper center")

    return draw_plot("How many rows of each label have which score", SQUARE, draw)


def against_truth(truth: Floats, predicted: Floats, target: str) -> Plot:
    """Draw the predictions by the true values."""
    some = _some(len(truth))

    def draw(axes: Axes) -> None:
        ends = (min(truth.min(), predicted.min()), max(truth.max(), predicted.max()))
        axes.plot(ends, ends, color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
        axes.scatter(truth[some], predicted[some], s=14, color=SECOND, alpha=0.55, linewidth=0)
        axes.set(xlabel=f"True {target}", ylabel="Predicted")

    return draw_plot("Predicted by true values", SQUARE, draw)


def residuals(truth: Floats, predicted: Floats) -> Plot:
    """Draw what is left unexplained by what was predicted."""
    some = _some(len(truth))

    def draw(axes: Axes) -> None:
        axes.axhline(0, color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
        axes.scatter(predicted[some], (truth - predicted)[some], s=14, color=SECOND, alpha=0.55, linewidth=0)
        axes.set(xlabel="Predicted", ylabel="True less predicted")

    return draw_plot("True less predicted values, by the predicted ones", SQUARE, draw)


def residual_sizes(truth: Floats, predicted: Floats) -> Plot:
    """Draw how many residuals have which size."""

    def draw(axes: Axes) -> None:
        axes.hist(truth - predicted, "sturges", color=SECOND, alpha=0.7, edgecolor="white", linewidth=0.6)
        axes.axvline(0, color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
        axes.set(xlabel="True less predicted", ylabel="Rows")

    return draw_plot("How many residuals have which size", SQUARE, draw)


def error_shares(truth: Floats, predicted: Floats) -> Plot:
    """Draw the share of rows whose error is at most so large."""
    errors = np.sort(np.abs(truth - predicted))

    def draw(axes: Axes) -> None:
        axes.step(errors, np.arange(1, len(errors) + 1) / len(errors), color=SECOND, linewidth=1.6, where="post")
        axes.set(xlabel="Absolute error at most", ylabel="Share of rows", ylim=(0, 1.02))
        axes.set_xlim(left=0)

    return draw_plot("The share of rows whose absolute error is at most so large", SQUARE, draw)


def gains(compared: Mapping[str, Mapping[str, Any]]) -> Plot:
    """Draw by how much the challenger is better than each model, between its bounds, and the margin."""

    def draw(axes: Axes) -> None:
        for place, one in enumerate(reversed(list(compared.values()))):
            axes.plot((one["lower"], one["upper"]), (place, place), color=SECOND, linewidth=5, alpha=0.3)
            axes.plot([one["gain"]], [place], "o", color=SECOND, markersize=6)
            axes.plot((-one["margin"],) * 2, (place - 0.3, place + 0.3), color=FIRST, linewidth=1.6)
        axes.axvline(0, color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
        axes.set_yticks(range(len(compared)), [f"against the {role}" for role in reversed(list(compared))])
        axes.set(xlabel="Gain, with its bounds; the upright stroke is the margin", ylim=(-0.6, len(compared) - 0.4))
        axes.grid(visible=False, axis="y")

    return draw_plot("The gain over each model, with its bounds and the margin", (7.6, 0.9 + 0.5 * len(compared)), draw)


def _some(rows: int) -> slice:
    """Return every so many-th row, so that no more are drawn than a page can bear."""
    return slice(None, None, 1 + rows // MOST_POINTS)
