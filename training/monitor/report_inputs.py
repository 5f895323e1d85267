"""What a check's page says of the inputs: what moved, with its distributions, the words, and how far all is away."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chalicelib.core.spec import PipelineSpec
from training.monitor.baseline import Baseline
from training.monitor.histograms import histogram
from training.monitor.rows import SCORE
from training.monitor.window import Window
from training.report import drift_plots
from training.report.pages import chance, number
from training.report.plots import Plot
from training.report.sections import Bars, Block, Plots, Section, Text, paired

MOST_PLOTS = 12
MOST_CATEGORIES = 12  # of a column that are drawn


def moved(spec: PipelineSpec, statistics: Mapping[str, Any], baseline: Baseline, window: Window) -> list[Section]:
    """Return the section of what moved: first what moved the answers most."""
    listed = statistics["moved"]
    drawn = [row["feature"] for row in listed if row["moved"]]
    plots = _plots([*drawn, *([SCORE] if SCORE not in drawn else [])], baseline, window)
    rows = [
        [
            row["feature"],
            "yes" if row["moved"] else "no",
            chance(row["p_value"]),
            number(row["effect_on_answers"], 3),
            number(row["population_stability"], 3),
            number(row["jensen_shannon"], 3),
            number(row["kolmogorov_smirnov"], 3),
        ]
        for row in listed
    ]
    heads = ("What", "moved", "p, corrected", f"effect, {unit(spec)}", "PSI", "Jensen-Shannon", "Kolmogorov-Smirnov")
    blocks: list[Block] = [
        paired(heads, rows, names=2, otherwise="Nothing could be compared."),
        Text(
            "Ordered by whether it moved, by what that did to the model's answers where that is known, and by how far"
            " the distributions are apart. The p-value is corrected for all that was looked at; the distances on the"
            " right do not shrink as rows come, and decide nothing.",
            muted=True,
        ),
        Plots(plots),
    ]
    return [Section("What moved", blocks)]


def _plots(names: Sequence[str], baseline: Baseline, window: Window) -> dict[str, Plot]:
    found: dict[str, Plot] = {}
    for name in names:
        if len(found) == MOST_PLOTS or name not in baseline.counts:
            continue
        before, now = baseline.counts[name], window.counts[name]
        if name in baseline.cells.edges:
            shares = histogram(baseline.cells.edges[name], before, now)
            if shares:
                found[name] = drift_plots.distributions(*shares, name)
        else:
            order = np.argsort(-np.maximum(before.cells / before.rows, now.cells / now.rows))[:MOST_CATEGORIES]
            categories = [baseline.cells.categories[name][place] for place in order.tolist()]
            found[name] = drift_plots.shares(
                categories, before.cells[order] / before.rows, now.cells[order] / now.rows, name
            )
    return found


def words(spec: PipelineSpec, statistics: Mapping[str, Any]) -> list[Section]:
    """Return a section for each text: the words that moved, and new ones."""
    found = []
    for name, one in statistics["words"].items():
        rows = [
            [
                word["word"],
                number(word.get("effect_on_answers"), 3),
                f"{word['share_before']:.2%}",
                f"{word['share']:.2%}",
                f"{word['standard_errors']:+.1f}",
            ]
            for word in one["moved"]
        ]
        heads = ("Word", f"effect, {unit(spec)}", "rows before", "rows now", "standard errors")
        most = max((word["rows"] for word in one["new"]), default=1)
        new = [(word["word"], word["rows"] / most, f"{word['rows']:,} rows") for word in one["new"]]
        column = name.removesuffix(".words")
        found.append(
            Section(
                f"Words of {column}",
                [
                    paired(heads, rows, otherwise="No word is frequent enough to be compared."),
                    Text(
                        "The effect is what the word adds to the answer to a typical row that holds it, times the"
                        " change of its share. Each word here stands in several rows of the window.",
                        muted=True,
                    ),
                    *([Bars("New words", new)] if new else [Text("There are no new words.", muted=True)]),
                ],
            )
        )
    return found


def apart(statistics: Mapping[str, Any]) -> list[Section]:
    """Return the section of the domain classifier."""
    one = statistics["domain_classifier"]
    title = "How well the window is told from the baseline"
    if "missing" in one:
        return [Section(title, [Text(f"Not tried: {one['missing']}.", muted=True)])]
    most = max((abs(feature["strength"]) for feature in one["features"]), default=1.0)
    items = [(f"{feature['feature']}: {feature['is']}", feature["strength"] / most, "") for feature in one["features"]]
    rows = [[row["request"], str(row["place"])] for row in one["farthest"]]
    return [
        Section(
            title,
            [
                Text(
                    f"A classifier puts a row of the window above one of the baseline in {number(one['auc'], 3)} of"
                    f" cases ({number(one['lower'], 3)} to {number(one['upper'], 3)}); 0.5 is a guess, 1 is never"
                    " wrong. It decides nothing."
                ),
                Bars("By what: blue for the window, brown for the baseline", items),
                paired(("Request", "instance"), rows, otherwise="No row is named."),
                Text("The rows least like the baseline's, by reference: their content is in the capture.", muted=True),
            ],
        )
    ]


def unit(spec: PipelineSpec) -> str:
    """Return what answers are counted in."""
    return spec.target if spec.regression else "log-odds"
