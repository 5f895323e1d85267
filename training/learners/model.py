"""What every model can do, and how its name finds the code that reads it from files.

The server and the training job share this registry; it imports numpy at most.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from chalicelib.core.spec import PipelineSpec
from training.artifact import Files, read_model
from training.errors import ArtifactError
from training.learners.margin import Floats
from training.learners.text_model import read_text_model


class Model(Protocol):
    """A fitted model."""

    def score(self, rows: Sequence[Mapping[str, str]]) -> Floats:
        """Return each row's probability of the positive label."""

    def to_files(self) -> dict[str, bytes]:
        """Return the model as files, by name."""


READERS: dict[str, Callable[[Files], Model]] = {"text_margin_boosting": read_text_model}


def load(folder: Path) -> tuple[PipelineSpec, Model]:
    """Return a model and the spec it was trained for.

    Raises
    ------
    ArtifactError
        If the folder's files are not what was trained, or no reader knows the learner.
    InvalidSpecError
        If the stored spec is none.
    """
    files = read_model(folder)
    spec = files.spec()
    if spec.learner.name not in READERS:
        raise ArtifactError(f"no reader for the learner {spec.learner.name!r}")
    return spec, READERS[spec.learner.name](files)
