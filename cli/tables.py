"""Tables that fit the screen they are shown on, and text of others that cannot steer it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich import box
from rich.console import JustifyMethod, RenderableType
from rich.table import Table
from rich.text import Text

_GAP = 3  # between the columns of a table
_FOLDED = 14  # the least width of a column whose cells may take several lines


def plain(text: str) -> str:
    """Return another's text with its control characters made visible: it must not steer a terminal."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


def pairs(values: Mapping[str, str]) -> RenderableType:
    """Show names and values, aligned."""
    table = Table.grid(padding=(0, 3, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in values.items():
        table.add_row(name, Text(plain(value)))
    return table


@dataclass(frozen=True)
class Column:
    """A column of a table; the lower its rank, the narrower the screen that still shows it."""

    title: str
    rank: int
    cells: Sequence[Text]
    right: bool = False
    folds: bool = False

    @property
    def least(self) -> int:
        """The width below which it says nothing."""
        natural = max(len(self.title), *(cell.cell_len for cell in self.cells), 0)
        return min(natural, _FOLDED) if self.folds else natural


def number(title: str, rank: int, cells: Sequence[str]) -> Column:
    """Return a column of numbers."""
    return Column(title, rank, [Text(cell) for cell in cells], right=True)


def fitting(columns: Sequence[Column], width: int) -> Table:
    """Make a table of the columns that fit, by rank."""
    kept: list[Column] = []
    for column in sorted(columns, key=lambda column: column.rank):
        if sum(other.least + _GAP for other in kept) + column.least > width:
            break
        kept.append(column)
    shown = [column for column in columns if column in kept]
    table = blank()
    for column in shown:
        justify: JustifyMethod = "right" if column.right else "left"
        table.add_column(
            column.title, justify=justify, no_wrap=not column.folds, min_width=column.least, overflow="fold"
        )
    for cells in zip(*(column.cells for column in shown), strict=True):
        table.add_row(*cells)
    return table


def blank() -> Table:
    """Return a table without columns, as they all look."""
    return Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="dim")
