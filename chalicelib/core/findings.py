"""What is wrong with rows of a file, said once for the container that finds it and the command that shows it.

A finding is a reason with the lines it was found on: how many rows, and the first of them. It never holds a row's text.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

MAX_LINES = 5  # named of each reason; the others are counted


@dataclass(frozen=True)
class Finding:
    """A reason, the first lines it was found on (from 1, the header included), and the number of rows."""

    reason: str
    lines: tuple[int, ...]
    rows: int = 1

    def __str__(self) -> str:
        """Return it as people read it: ``lines 3, 9 and 4 more: column 'text' is empty``."""
        named = ", ".join(map(str, self.lines))
        more = self.rows - len(self.lines)
        return f"line{'s' if self.rows > 1 else ''} {named}{f' and {more:,} more' if more else ''}: {self.reason}"

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as JSON-ready data."""
        return asdict(self) | {"lines": list(self.lines)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read what `to_dict` wrote."""
        return cls(data["reason"], tuple(data["lines"]), data["rows"])
