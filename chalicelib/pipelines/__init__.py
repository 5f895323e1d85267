"""One declarative spec per file; adding a pipeline is adding a file and naming it here."""

from collections.abc import Mapping

from chalicelib.core.spec import PipelineSpec
from chalicelib.pipelines import reviews

PIPELINES: Mapping[str, PipelineSpec] = {spec.name: spec for spec in (reviews.SPEC,)}
DEFAULT = reviews.SPEC.name  # what `POST /predict` asks
