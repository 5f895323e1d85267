"""One declarative spec per file; adding a pipeline is adding a file and naming it here."""

from collections.abc import Mapping

from chalicelib.core.spec import PipelineSpec
from chalicelib.pipelines import housing, income, reviews

PIPELINES: Mapping[str, PipelineSpec] = {spec.name: spec for spec in (reviews.SPEC, housing.SPEC, income.SPEC)}
DEFAULT = reviews.SPEC.name  # what `POST /predict` asks
