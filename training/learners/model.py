"""What every model can do, how its name finds the code that reads it from files, and where its positive label begins.

The server and the training job share this registry; it imports numpy at most.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from chalicelib.core.spec import PipelineSpec
from chalicelib.core.values import Value
from training.artifact import Files, read_model
from training.errors import ArtifactError
from training.learners.margin import Floats
from training.learners.tabular_model import read_tabular_model
from training.learners.text_model import read_text_model
from training.threshold import THRESHOLD


class Model(Protocol):
    """A fitted model."""

    def score(self, rows: Sequence[Mapping[str, Value]]) -> Floats:
        """Return each row's probability of the positive label, or for a regression its value, shape (rows,)."""

    def to_files(self) -> dict[str, bytes]:
        """Return the model as files, by name."""


READERS: dict[str, Callable[[Files], Model]] = {
    "tabular_boosting": read_tabular_model,
    "text_margin_boosting": read_text_model,
}
DECISION = "decision.json"  # {"threshold"}: one of the files of the manifest, as the model's own are


@dataclass(frozen=True)
class Loaded:
    """A model, the spec it was trained for, and the probability from which a row is called positive."""

    spec: PipelineSpec
    model: Model
    threshold: float


def load(folder: Path) -> Loaded:
    """Return what `train` left in a folder; a model from before there were decision targets begins at 0.5.

    Raises
    ------
    ArtifactError
        If the folder's files are not what was trained, or no reader knows the learner.
    InvalidSpecError
        If the stored spec is none.
    """
    return read(read_model(folder))


def read(files: Files) -> Loaded:
    """Return the model of verified files; see `load`."""
    spec = files.spec()
    if spec.learner.name not in READERS:
        raise ArtifactError(f"no reader for the learner {spec.learner.name!r}")
    threshold = files.json(DECISION)["threshold"] if DECISION in files.contents else THRESHOLD
    return Loaded(spec, READERS[spec.learner.name](files), float(threshold))
