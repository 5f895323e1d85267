"""A page made of sections, and sections of blocks: whoever has something to tell builds them, and knows no HTML.

A block is a paragraph, a table, some plots or a list of words with bars. All strings in them may be a user's: they are
escaped when they are rendered, and cut where they are long.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from training.report import pages
from training.report.plots import Plot

LONGEST = 80  # characters of a name or word that are shown


@dataclass(frozen=True)
class Text:
    """A paragraph; what explains is muted."""

    kind: ClassVar[str] = "text"
    words: str
    muted: bool = False


@dataclass(frozen=True)
class Table:
    """Rows below their heads; the first ``names`` columns are words, and all others figures."""

    kind: ClassVar[str] = "table"
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    names: int = 1


@dataclass(frozen=True)
class Plots:
    """Plots by their titles."""

    kind: ClassVar[str] = "plots"
    plots: Mapping[str, Plot]


@dataclass(frozen=True)
class Bars:
    """Words or names, each with a bar of a length between -1 and 1 (below 0 in another colour) and a remark."""

    kind: ClassVar[str] = "bars"
    title: str
    items: Sequence[tuple[str, float, str]]


Block = Text | Table | Plots | Bars


@dataclass(frozen=True)
class Section:
    """What stands under one title."""

    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Verdict:
    """What a page says first: a sentence, whether that is good, and its reasons."""

    words: str
    mood: Literal["good", "bad", "unsure"]
    reasons: Sequence[str]


def render(title: str, heading: str, facts: Sequence[str], verdict: Verdict, sections: Sequence[Section]) -> str:
    """Return a page; ``facts`` stand in one line below the heading."""
    return pages.render(
        "sections.html", title=title, heading=heading, facts=facts, verdict=verdict, sections=sections, cut=cut
    )


def cut(words: str) -> str:
    """Return what is shown of a name or word."""
    return words if len(words) <= LONGEST else words[:LONGEST] + "…"


def paired(heads: Sequence[str], rows: Sequence[Sequence[str]], *, names: int = 1, otherwise: str) -> Block:
    """Return a table, or a sentence where it would be empty."""
    return Table(heads, rows, names) if rows else Text(otherwise, muted=True)
