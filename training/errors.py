"""The one tree of errors the container raises.

::

    TrainingError               what a job answers with: its message goes to `output/failure` or `output/message`
    ├── InputError              the data or settings a job was given cannot be used
    │   ├── RefusedFileError    a file: its name, the reasons and the first lines of each
    │   ├── RefusedDataError    the rows together: none, one class only, none left to hold out
    │   ├── HyperparameterError a hyperparameter is unknown or out of its range
    │   └── ScoresError         scores and truth do not belong together
    ├── BadValueError           one row or value: becomes part of a RefusedFileError or RequestError
    ├── ArtifactError           model files are missing, extra, altered or not readable
    └── RequestError            a request to the server cannot be answered: an HTTP status and a reason
"""

from collections.abc import Sequence

from chalicelib.core.findings import Finding

MAX_TOLD = 5  # reasons told in a message; it has 1,024 bytes


class TrainingError(Exception):
    """What every error of ours is."""


class InputError(TrainingError):
    """The data or settings a job was given cannot be used."""


class RefusedFileError(InputError):
    """A file is refused: its name, the lines and the reasons, never the text of a row.

    ``findings`` are what is wrong, the most frequent first; ``verdict`` says why that is too much, where it has to.
    ``reason`` is the message without the name, which is a person's and must not be logged.
    """

    def __init__(self, file: str, findings: Sequence[Finding], verdict: str = "") -> None:
        told = [str(finding) for finding in findings[:MAX_TOLD]]
        if len(findings) > MAX_TOLD:
            told.append(f"and {sum(finding.rows for finding in findings[MAX_TOLD:]):,} rows for other reasons")
        self.reason = "; ".join([*told, *([verdict] if verdict else [])])
        super().__init__(f"{file}: {self.reason}")
        self.file = file
        self.findings = tuple(findings)


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
