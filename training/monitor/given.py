"""The model that a job of the drift check may be given, as `evaluate` is: one file, `model.tar.gz`."""

from dataclasses import dataclass

from chalicelib.core import container
from training.artifact import MODEL_FILE, read_archive
from training.learners import model
from training.learners.model import Loaded
from training.settings import Settings


@dataclass(frozen=True)
class GivenModel:
    """A model, and the digest of its files."""

    loaded: Loaded
    digest: str


def read_given(settings: Settings) -> GivenModel | None:
    """Return the job's model; None if it is given none.

    Raises
    ------
    ArtifactError
        If it is not what was trained.
    InvalidSpecError
        If its spec is none.
    """
    archive = settings.processing_input(container.MODEL) / MODEL_FILE
    if not archive.is_file():
        return None
    files = read_archive(archive)
    return GivenModel(model.read(files), files.digest)
