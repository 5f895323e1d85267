"""Standard output, for people or for programs, never both: with ``--json`` only documents are written there."""

import io
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console, RenderableType

from cli.documents import Document

_WIDTH_OF_FILES = 1000  # of output that is no terminal: a line that is searched for must not be folded


@dataclass(frozen=True)
class Screen:
    """Where a command writes."""

    console: Console
    as_json: bool

    def show(self, document: Document, human: Callable[[], RenderableType]) -> None:
        """Show a result: the document to programs, or its picture to people."""
        if self.as_json:
            self.line(document)
        else:
            self.console.print(human())

    def say(self, human: RenderableType = "") -> None:
        """Tell people something that is no result."""
        if not self.as_json:
            self.console.print(human)

    @contextmanager
    def busy(self, words: str) -> Iterator[None]:
        """Show people at a terminal that something is under way."""
        if self.as_json or not self.console.is_terminal:
            yield
            return
        with self.console.status(words):
            yield

    def line(self, document: Document) -> None:
        """Write a document as one line."""
        self.console.file.write(json.dumps(document) + "\n")
        self.console.file.flush()


def open_screen(*, as_json: bool) -> Screen:
    """Return the screen on standard output as it is now."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # a terminal that cannot show a sign must not end the command
        sys.stdout.reconfigure(errors="replace")
    width = None if sys.stdout.isatty() else _WIDTH_OF_FILES
    return Screen(Console(file=sys.stdout, width=width, highlight=False, markup=False, emoji=False), as_json)
