import re
from pathlib import Path

import numpy as np
import pytest
from markupsafe import escape

from training.report import drift_plots, sections
from training.report.pages import write_page
from training.report.sections import Bars, Block, Plots, Section, Table, Text, Verdict

PAYLOADS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }}",
    "</style><b>",
    "javascript:alert(1)",
)


def page_of(words: str) -> str:
    plot = drift_plots.shares([words, "b"], np.array([0.4, 0.6]), np.array([0.5, 0.5]), words)
    blocks: list[Block] = [
        Text(words),
        Table((words, words), [[words, words]]),
        Bars(words, [(words, 1.0, words), (words, -0.5, "")]),
        Plots({words: plot}),
    ]
    return sections.render(words, words, [words], Verdict(words, "bad", [words]), [Section(words, blocks)])


@pytest.mark.parametrize("payload", PAYLOADS)
def test_all_that_is_filled_in_is_escaped(payload: str) -> None:
    """Wherever a user's words stand in a page, they add no tag to it, and are shown as they are."""
    page, plain = page_of(payload), page_of("harmless")
    assert re.findall(r"<[^ >]+", page) == re.findall(r"<[^ >]+", plain)
    assert page.count(str(escape(payload))) == plain.count("harmless")


def test_long_words_are_cut() -> None:
    """A name or word that is very long is cut in tables, lists and above plots."""
    long = "x" * 500
    blocks: list[Block] = [Table(("a",), [[long]]), Bars("b", [(long, 1.0, "")])]
    page = sections.render("t", "t", [], Verdict("v", "good", []), [Section("s", blocks)])
    assert page.count("x" * 80 + "…") == 2
    assert "x" * 81 not in page


@pytest.mark.parametrize("name", ["half of a pair \ud800", "日本語", "العربية", "two\nlines\0", "$a$", ""])
def test_any_name_can_be_drawn_and_written(tmp_path: Path, name: str) -> None:
    """Names in any script, without a letter in our font, or that are no text, break neither plot nor page."""
    write_page(tmp_path / "page.html", page_of(name))
    assert (tmp_path / "page.html").read_text(encoding="utf-8").endswith("</html>")
