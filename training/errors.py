"""The one tree of errors the container raises.

::

    TrainingError               what a job answers with: its message goes to `output/failure` or `output/message`
    ├── InputError              the data or settings a job was given cannot be used
    │   ├── RefusedFileError    a file: its name, the line and the reason of the first bad rows
    │   ├── RefusedDataError    the rows together: none, one class only, none left to hold out
    │   ├── HyperparameterError a hyperparameter is unknown or out of its range
    │   └── ScoresError         scores and truth do not belong together
    ├── BadValueError           one row or value: becomes part of a RefusedFileError or RequestError
    ├── ArtifactError           model files are missing, extra, altered or not readable
    └── RequestError            a request to the server cannot be answered: an HTTP status and a reason
"""

from collections.abc import Sequence
from dataclasses import dataclass


class TrainingError(Exception):
    """What every error of ours is."""


class InputError(TrainingError):
    """The data or settings a job was given cannot be used."""


@dataclass(frozen=True)
class BadRow:
    """Why a row is refused: the line on which it starts (from 1, the header included) and the reason."""

    line: int
    reason: str


class RefusedFileError(InputError):
    """A file is refused: its name, the lines and the reasons, never the text of a row."""

    def __init__(self, file: str, rows: Sequence[BadRow], more: int = 0) -> None:
        listed = "; ".join(f"line {row.line}: {row.reason}" for row in rows)
        super().__init__(f"{file}: {listed}" + (f"; and {more} more bad rows" if more else ""))
        self.file = file
        self.rows = tuple(rows)
        self.more = more


class RefusedDataError(InputError):
    """The rows of all files together cannot make a model."""


class HyperparameterError(InputError):
    """A hyperparameter is unknown or out of its range."""


class ScoresError(InputError):
    """Scores and truth do not belong together."""


class BadValueError(TrainingError):
    """One row or one of its values cannot be used; the message names the column, never the value."""


class ArtifactError(TrainingError):
    """Model files are missing, extra, altered or not readable."""


class RequestError(TrainingError):
    """A request cannot be answered; the message is for the client and repeats nothing of the body."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
