"""Faults of an account: what strikes a call, how often, and what AWS hides for a while."""

from dataclasses import dataclass

from tests.chalicelib.aws.account import When
from tests.chalicelib.aws.refusals import refused


@dataclass
class Strike:
    """Raise an error at calls of an operation, before their effect or after it, so many times."""

    operation: str
    error: BaseException
    phase: When = "before"
    times: int = 1_000_000

    def __call__(self, when: When, number: int, operation: str) -> None:  # noqa: ARG002 - a fault's signature
        if (when, operation) == (self.phase, self.operation) and self.times:
            self.times -= 1
            raise self.error


@dataclass
class StrikeOnce:
    """Raise an error at the call of a number, before its effect or after it; ``struck`` is the operation it was."""

    number: int
    error: BaseException
    phase: When = "before"
    struck: str | None = None

    def __call__(self, when: When, number: int, operation: str) -> None:
        """Strike the call."""
        if (when, number) == (self.phase, self.number):
            self.struck = operation
            raise self.error


@dataclass
class Hide:
    """Answer an operation as if what it asks for did not exist (yet), so many times after the first creation."""

    operation: str
    after: str
    times: int
    left: int | None = None  # None: nothing was created yet

    def __call__(self, when: When, number: int, operation: str) -> None:  # noqa: ARG002 - a fault's signature
        if (when, operation) == ("after", self.after) and self.left is None:
            self.left = self.times
        elif (when, operation) == ("before", self.operation) and self.left:
            self.left -= 1
            raise refused("ValidationException", message="Could not find what was asked for: it does not exist.")
