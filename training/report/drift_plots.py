"""Plots of a window beside its baseline. The baseline is blue, the window brown, everywhere."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from training.metrics import Floats
from training.report.plots import FIRST, GRID, INK, MUTED, SECOND, Plot, draw_plot

SIZE = (3.7, 2.6)
VERDICTS = {"drift": "#c53030", "no drift": "#2f855a", "not enough data": "#d69e2e"}
_LONGEST = 34  # characters of a name beside an axis


def distributions(ends: Floats, before: Floats, now: Floats, name: str) -> Plot:
    """Draw which share of a number's values lies between which ends.

    Parameters
    ----------
    ends
        Shape (bins + 1,); what lies beyond them is in the outermost bins.
    before, now
        Shares, shape (bins,).
    """

    def draw(axes: Axes) -> None:
        for shares, color, label in ((before, SECOND, "baseline"), (now, FIRST, "window")):
            axes.stairs(shares, ends, color=color, alpha=0.18, fill=True, linewidth=0)
            axes.stairs(shares, ends, color=color, linewidth=1.4, label=label)
        axes.set(xlabel=_plain(name), ylabel="Share of values")
        axes.set_ylim(bottom=0)
        axes.legend(loc="best")

    return draw_plot(f"Shares of the values of {_plain(name)} in baseline and window", SIZE, draw)


def shares(names: Sequence[str], before: Floats, now: Floats, title: str) -> Plot:
    """Draw the share of each category, shape (categories,), as pairs of bars."""

    def draw(axes: Axes) -> None:
        places = np.arange(len(names))
        axes.barh(places - 0.2, before, 0.38, color=SECOND, label="baseline")
        axes.barh(places + 0.2, now, 0.38, color=FIRST, label="window")
        axes.set_yticks(places, [_plain(name) for name in names])
        axes.invert_yaxis()
        axes.set(xlabel="Share of rows")
        axes.grid(visible=False, axis="y")
        axes.legend(loc="lower right")

    return draw_plot(f"Shares of the categories of {_plain(title)}", (3.7, 1.0 + 0.3 * len(names)), draw)


def changes(names: Sequence[str], change_and_bounds: Floats, what: str) -> Plot:
    """Draw changes between their lower and upper bounds, shape (3, names); bounds may be NaN."""
    change, lower, upper = change_and_bounds

    def draw(axes: Axes) -> None:
        places = np.arange(len(names))
        axes.hlines(places, lower, upper, color=SECOND, linewidth=5, alpha=0.3)
        axes.plot(change, places, "o", color=SECOND, markersize=5)
        axes.axvline(0, color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
        axes.set_yticks(places, [_plain(name) for name in names])
        axes.invert_yaxis()
        axes.set(xlabel=what)
        axes.grid(visible=False, axis="y")

    return draw_plot(f"{what}, with bounds of 95 %", (7.6, 0.9 + 0.24 * len(names)), draw)


def ranks(names: Sequence[str], before_and_now: Floats, what: str) -> Plot:
    """Draw a figure of each feature before and now, shape (2, names), joined by a line."""
    before, now = before_and_now

    def draw(axes: Axes) -> None:
        places = np.arange(len(names))
        axes.hlines(places, np.minimum(before, now), np.maximum(before, now), color=GRID, linewidth=3)
        axes.plot(before, places, "o", color=SECOND, markersize=5, label="baseline")
        axes.plot(now, places, "o", color=FIRST, markersize=5, label="window")
        axes.set_yticks(places, [_plain(name) for name in names])
        axes.invert_yaxis()
        axes.set(xlabel=what)
        axes.legend(loc="lower right")

    return draw_plot(f"{what}, in baseline and window", (7.6, 1.0 + 0.24 * len(names)), draw)


def strip(verdicts: Sequence[str], chances: Sequence[float | None], labels: Sequence[str]) -> Plot:
    """Draw verdicts one after the other, the last one framed, with p-values on a logarithmic axis where there are any.

    ``labels`` are the begins of the windows.
    """

    def draw(axes: Axes) -> None:
        places = np.arange(len(verdicts))
        axes.bar(places, 1.0, 0.92, color=[VERDICTS[verdict] for verdict in verdicts], alpha=0.35)
        axes.bar(places[-1:], 1.0, 0.92, fill=False, edgecolor=INK, linewidth=1.4)
        known = [(place, chance) for place, chance in enumerate(chances) if chance is not None]
        heights = [1 + np.log10(max(chance, _LEAST_CHANCE)) / -np.log10(_LEAST_CHANCE) for _, chance in known]
        axes.plot([place for place, _ in known], heights, "o", color=INK, markersize=4)
        axes.set_yticks([0, 1 / 3, 2 / 3, 1], ["p ≤ 0.001", "0.01", "0.1", "1"])
        some = places[:: 1 + len(places) // _MOST_LABELS]
        axes.set_xticks(some, [_plain(labels[place]) for place in some], rotation=30, ha="right")
        axes.set(ylim=(-0.03, 1.03))
        axes.grid(visible=False, axis="x")

    words = ", ".join(f"{sum(one == verdict for one in verdicts)} times {verdict}" for verdict in VERDICTS)
    return draw_plot(f"Checks one after the other, this one last: {words}", (7.6, 2.2), draw)


_LEAST_CHANCE = 0.001
_MOST_LABELS = 12


def _plain(name: str) -> str:
    """Return a name as it can be drawn: cut, in one line, without control characters and halves of surrogate pairs."""
    drawn = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in name)
    return drawn if len(drawn) <= _LONGEST else drawn[: _LONGEST - 1] + "…"
