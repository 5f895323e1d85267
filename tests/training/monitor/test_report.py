import json
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chalicelib.core.spec import PipelineSpec
from tests.training.monitor.captured import SPEC, captured_line, make_rows
from tests.training.monitor.windows import put_baseline, requests
from tests.training.report.pages import check_whole, count_plots
from tests.training.sample import put_spec
from training.__main__ import main
from training.captured import Coverage, Wanted
from training.held_out import Answers
from training.monitor import asked, background, report
from training.monitor import baseline as baselines
from training.monitor.asked import Earlier
from training.monitor.check import Policy, check
from training.monitor.model_quality import QualityPolicy
from training.monitor.report import since
from training.monitor.told import Watch, tell
from training.monitor.window import Window
from training.resampling import Groups
from training.settings import Settings

OWN_WORD = "zxqvownword"
EARLIER = [
    {"start": "2026-01-01T00:00:00Z", "end": "2026-01-02T00:00:00Z", "verdict": "no drift", "p_value": 0.5},
    {"start": "2026-01-02T00:00:00Z", "end": "2026-01-03T00:00:00Z", "verdict": "drift", "p_value": 0.01},
]


def put(base: Path, window: dict[str, Any], rows: list[dict[str, Any]], scores: list[float]) -> Settings:
    settings = Settings(base)
    put_spec(settings.processing_input("spec"), SPEC)
    put_baseline(settings.processing_input("baseline"))
    settings.processing_input("window").mkdir()
    (settings.processing_input("window") / "window.json").write_text(json.dumps(window))
    settings.processing_input("capture").mkdir()
    lines = [captured_line(one.rows, one.scores) for one in requests(rows, scores)]
    (settings.processing_input("capture") / "a.jsonl").write_bytes(b"".join(lines))
    return settings


def run(settings: Settings) -> str:
    assert main(["monitor"], settings) == 0
    return (settings.processing_output("monitoring") / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def drifted(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Return a job of a window that moved, in which each text holds a word of its own and some a new one."""
    rows, scores = make_rows(300, 8, moved=0.8)
    for place, row in enumerate(rows):
        row["text"] += f" {OWN_WORD}{place}"
        row["where"] = f"{OWN_WORD} place {place}" if place < 4 else row["where"]
        if place < 30:
            row["text"] += " newly"
            row["price"] = None
    return put(tmp_path_factory.mktemp("drifted"), {"model_version": "7", "earlier": EARLIER}, rows, scores)


@pytest.fixture(scope="module")
def page(drifted: Settings) -> str:
    return run(drifted)


class _Text(HTMLParser):
    """The words and tags of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.open: list[str] = []
        self.headings: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - the parser's
        if tag not in {"meta", "img"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)
        if self.open and self.open[-1] == "h2":
            self.headings.append(data)


def test_pages_need_nothing_else(page: str) -> None:
    """A page fetches nothing and runs nothing: no script, and no address but data."""
    check_whole(page)


def test_plots_are_images_with_words(page: str) -> None:
    """Each plot is an SVG that can be read, has words beside it, and no date."""
    assert count_plots(page) >= 4


def test_every_section_is_there(page: str) -> None:
    """A page is well nested, and says the verdict, since when, what moved and what else is told, in that order."""
    parser = _Text()
    parser.feed(page)
    assert parser.open == []
    assert parser.headings == [
        "Since when",
        "What moved",
        "Words of text",
        "Words of answer",
        "How well the window is told from the baseline",
        "Answers by slice",
        "What the model looks at",
        "What to expect without labels",
        "Data quality",
        "Coverage",
    ]
    text = " ".join(parser.words)
    for shown in (
        "This window has drifted.",
        "since the window from 2026-01-02 00:00 UTC: 2 windows",
        "newly",
        "price",
    ):
        assert shown in text


def test_no_text_of_a_row_is_shown(page: str, drifted: Settings) -> None:
    """A word or category of few rows is nowhere, in no file; rows are named by request and place."""
    out = drifted.processing_output("monitoring")
    for path in out.iterdir():
        assert OWN_WORD not in path.read_text(encoding="utf-8")
    statistics = json.loads((out / "statistics.json").read_text())
    farthest = statistics["domain_classifier"]["farthest"]
    assert farthest == [{"request": "e", "place": 0}] * 10
    assert "<td>e</td>" in page


def test_same_check_same_page(drifted: Settings, page: str) -> None:
    """Checking twice gives the same bytes, plots included."""
    assert run(drifted) == page


def test_a_quiet_window_has_a_page_too(tmp_path: Path) -> None:
    """A window without drift, and one without rows, have pages that say so and list no violation but what got worse."""
    quiet = run(put(tmp_path / "quiet", {"level": 0.01}, *make_rows(300, 8)))
    assert "No drift was found." in quiet
    empty = run(put(tmp_path / "empty", {"model_version": "8"}, *make_rows(300, 8)))
    assert "There is not enough data" in empty
    assert "left out: answered by another version" in empty


@pytest.mark.parametrize(("expected", "shown"), [({}, False), ({"expected": 1_234}, True)])
def test_the_page_says_how_much_was_expected(tmp_path: Path, expected: dict[str, int], shown: bool) -> None:  # noqa: FBT001 - a parameter
    """A page says how many requests were captured, where that was known, beside how many were read."""
    page = run(put(tmp_path, {"level": 0.01, **expected}, *make_rows(300, 8)))
    assert ("requests captured at least" in page, "1,234" in page) == (shown, shown)


def test_what_is_filled_in_is_escaped() -> None:
    """A title, column, category, word, version or request that looks like HTML is shown as it is, and does nothing."""
    evil = "<img src=x onerror=alert(1)>"
    spec = PipelineSpec.from_dict(
        SPEC.to_dict()
        | {
            "title": evil,
            "columns": [{"name": f"{evil}{kind}", "kind": kind} for kind in ("numeric", "categorical", "text")],
        }
    )

    def made(count: int, seed: int, moved: float = 0.0) -> tuple[list[dict[str, Any]], list[float]]:
        rows, scores = make_rows(count, seed, moved)
        named = [
            {
                f"{evil}numeric": row["price"],
                f"{evil}categorical": f"<b>{row['where']}",
                f"{evil}text": f"{row['text']} <i>&amp; <script>",
            }
            for row in rows
        ]
        return named, scores

    page = _check(spec, made(600, 0), made(300, 8, 0.8), request="<u>7")
    assert not any(tag in page for tag in ("<script", "<img src=x", "<b>", "<i>&", "<u>", "<b>north"))
    assert all(shown in page for shown in ("&lt;img src=x", "&lt;b&gt;north", "&lt;u&gt;7"))


def _at(day: int, verdict: str) -> Earlier:
    return Earlier(datetime(2026, 1, day, tzinfo=UTC), datetime(2026, 1, day + 1, tzinfo=UTC), verdict, None)  # type: ignore[arg-type]


def _check(
    spec: PipelineSpec,
    before: tuple[list[dict[str, Any]], list[float]],
    now: tuple[list[dict[str, Any]], list[float]],
    request: str,
) -> str:
    """Return the page of rows that are checked without any file between."""
    rows, scores = before
    groups = Groups(np.arange(len(rows)), len(rows))
    baseline = baselines.make(spec, rows, rows, np.array(scores), groups)
    behind = background.make(
        spec,
        cells=baseline.cells,
        fitted=rows,
        rows=rows,
        answers=Answers(np.array(scores), np.array(scores) >= 0.5, ["7"]),
        groups=groups,
        model=None,
    )
    watch = Watch(behind, None)
    window = Window(spec, baseline.cells, baseline.null.runs, watch.observers)
    for row, score in zip(*now, strict=True):
        window.add([row], [score], request)
    window.settle()
    checked = check(baseline, window, Coverage(read=len(now[0])), Policy())
    told = tell(baseline, behind, window, watch, policy=Policy(), statistics=checked.statistics)
    verdict: dict[str, Any] = {"verdict": checked.verdict, "p_value": checked.chance, "level": 0.05, "reasons": []}
    found = report.Findings(
        spec,
        asked.Asked(Wanted(version=request), Policy(), QualityPolicy()),
        verdict,
        {**checked.statistics, **told.statistics},
        told.violations,
        baseline,
        window,
    )
    return report.render(found)


@pytest.mark.parametrize(
    ("earlier", "verdict", "said"),
    [
        (["no drift", "drift", "drift"], "drift", "drift since the window from 2026-01-02 00:00 UTC: 3 windows"),
        (["drift", "no drift"], "drift", "first window with drift since the last one without"),
        (["drift"] * 30, "drift", "at least since the window from 2026-01-01 00:00 UTC: 31 windows"),
        (["drift", "not enough data"], "drift", "at least since the window from 2026-01-01 00:00 UTC: 2 windows"),
        (["not enough data"], "drift", "first window with drift that is remembered"),
        (["drift", "no drift"], "no drift", "last found in the window from 2026-01-01 00:00 UTC"),
        (["no drift"], "no drift", "No drift was found in the windows before"),
        (["drift", "not enough data"], "not enough data", "last found in the window from 2026-01-01 00:00 UTC"),
    ],
)
def test_since_when(earlier: list[str], verdict: str, said: str) -> None:
    """Drift lasts as long as no check in between found none; where none before it is remembered, so long at least."""
    assert said in since([_at(day, one) for day, one in enumerate(earlier, start=1)], verdict)
