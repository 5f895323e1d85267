"""The model that a job of the drift check may be given, as `evaluate` is: one file, `model.tar.gz`."""

from dataclasses import dataclass

from chalicelib.core import container
from chalicelib.core.spec import PipelineSpec
from training.artifact import MODEL_FILE, read_archive
from training.errors import InputError
from training.learners import model
from training.learners.model import Loaded
from training.settings import Settings


@dataclass(frozen=True)
class GivenModel:
    """A model, and the digest of its files."""

    loaded: Loaded
    digest: str


def read_given(settings: Settings, spec: PipelineSpec) -> GivenModel | None:
    """Return the job's model; None if it is given none.

    Raises
    ------
    ArtifactError
        If it is not what was trained.
    InputError
        If it was trained for other columns than the spec's.
    InvalidSpecError
        If its spec is none.
    """
    archive = settings.processing_input(container.MODEL) / MODEL_FILE
    if not archive.is_file():
        return None
    files = read_archive(archive)
    given = GivenModel(model.read(files), files.digest)
    names = [[(column.name, column.kind) for column in of.columns] for of in (spec, given.loaded.spec)]
    if names[0] != names[1]:
        raise InputError(f"{MODEL_FILE} was trained for other columns than the spec's")
    return given
