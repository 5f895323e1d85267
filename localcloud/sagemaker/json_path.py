"""The part of JSONPath that SageMaker takes in InputFilter and OutputFilter: parsed once, applied to every record.

``$``, ``.name``, ``*``, ``['a','b']``, ``[0]``, ``[1,3]``, ``[2:5]``, ``[0,5:]``; no recursion, filters or functions.
No library was taken: they accept more than SageMaker refuses to, and disagree with its guide about one thing. The end
of a slice is *inclusive*: the guide says so and gives ``$[1:4]`` as "the second through fifth columns". What is asked
for and not there is an error (API Reference, OutputFilter: indexes outside the dimension; for names that is ours).

Source: SageMaker Developer Guide, "Associate Prediction Results with Input Records", supported JSONPath operators.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from localcloud.errors import AwsError, DataError

_NAME = re.compile(r"\.([^.\[\]*'\"?@(),:\s]+)")
_ANY = re.compile(r"\.\*|\.?\[\*\]")
_NAMES = re.compile(r"\.?\[\s*'[^']*'(?:\s*,\s*'[^']*')*\s*\]")
_ELEMENT = r"(?:-?\d*\s*:\s*-?\d*|-?\d+)"
_ELEMENTS = re.compile(rf"\.?\[\s*{_ELEMENT}(?:\s*,\s*{_ELEMENT})*\s*\]")


@dataclass(frozen=True)
class Slice:
    """From ``start`` to ``end``, both of them included; None: the first, the last."""

    start: int | None
    end: int | None

    def of(self, values: Sequence[Any]) -> Sequence[Any]:
        """Return that part of a list; what lies beyond its ends is left out."""
        end = None if self.end is None or self.end == -1 else self.end + 1
        return values[self.start : end]


@dataclass(frozen=True)
class Names:
    """One member of an object, or an object of several of them."""

    names: tuple[str, ...]


@dataclass(frozen=True)
class Elements:
    """Elements of a list, by index or slice."""

    parts: tuple[int | Slice, ...]


@dataclass(frozen=True)
class Every:
    """All that an object or a list holds."""


@dataclass(frozen=True)
class JsonPath:
    """A path: its steps from the root."""

    text: str
    steps: tuple[Names | Elements | Every, ...]

    @classmethod
    def parse(cls, text: str, member: str) -> "JsonPath":
        """Read a path; raises AwsError naming the request's ``member`` for what SageMaker does not support."""
        steps: list[Names | Elements | Every] = []
        position = 1
        if not text.startswith("$"):
            raise _refused(text, member)
        while position < len(text):
            step, position = _step(text, position, member)
            steps.append(step)
        return cls(text, tuple(steps))

    @property
    def whole(self) -> bool:
        """Say whether it is the root itself."""
        return not self.steps

    @property
    def for_csv(self) -> bool:
        """Say whether it can be asked of a row: at most one step, by index."""
        return all(isinstance(step, Elements | Every) for step in self.steps) and len(self.steps) <= 1

    def select(self, value: Any) -> Any:  # noqa: ANN401  JSON
        """Return the one thing a path names, or a list where it can name several; raises DataError."""
        found, several = [value], False
        for step in self.steps:
            several = several or isinstance(step, Every) or (isinstance(step, Elements) and not _single(step))
            found = [part for parent in found for part in self._take(step, parent)]
        return found if several else found[0]

    def _take(self, step: Names | Elements | Every, value: Any) -> Sequence[Any]:  # noqa: ANN401  JSON
        try:
            if isinstance(step, Every):
                return list(value.values()) if isinstance(value, dict) else list(_checked(value, list))
            if isinstance(step, Names):
                members = {name: _checked(value, dict)[name] for name in step.names}
                return [members] if len(members) > 1 else list(members.values())
            row = _checked(value, list)
            return [
                found for part in step.parts for found in (part.of(row) if isinstance(part, Slice) else [row[part]])
            ]
        except (LookupError, TypeError) as error:
            raise DataError(f"the JSONPath {self.text} finds nothing in a record") from error


def _step(text: str, position: int, member: str) -> tuple[Names | Elements | Every, int]:
    if found := _NAME.match(text, position):
        return Names((found[1],)), found.end()
    if found := _ANY.match(text, position):
        return Every(), found.end()
    if found := _NAMES.match(text, position):
        return Names(tuple(re.findall(r"'([^']*)'", found[0]))), found.end()
    if found := _ELEMENTS.match(text, position):
        return Elements(tuple(_element(part) for part in re.findall(_ELEMENT, found[0]))), found.end()
    raise _refused(text, member)


def _element(text: str) -> int | Slice:
    start, colon, end = (part.strip() for part in text.partition(":"))
    return Slice(int(start) if start else None, int(end) if end else None) if colon else int(start)


def _single(step: Elements) -> bool:
    return len(step.parts) == 1 and isinstance(step.parts[0], int)


def _checked(value: Any, kind: type) -> Any:  # noqa: ANN401  JSON
    if not isinstance(value, kind):
        raise TypeError(kind.__name__)
    return value


def _refused(text: str, member: str) -> AwsError:
    return AwsError(
        "ValidationException", f"DataProcessing.{member}: {text} is not a JSONPath expression that SageMaker supports"
    )
