"""The spec of a small pipeline, and a model trained once for every test that only reads it."""

import pytest

from chalicelib.core.spec import Column, Learner, PipelineSpec, Split
from tests.training.sample import json_lines, make_rows, run_train
from training.settings import Settings


@pytest.fixture(scope="session")
def spec() -> PipelineSpec:
    return PipelineSpec(
        name="opinions",
        title="Is it good?",
        columns=(Column("text", "text"),),
        target="label",
        labels=("negative", "positive"),
        group="title",
        split=Split(salt="s", validation=0.15, test=0.15),
        learner=Learner("text_margin_boosting", {"rounds": "30", "min_child_weight": "5"}),
    )


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, spec: PipelineSpec) -> Settings:
    """Return the places of a training job that is done."""
    files = {"a.jsonl": json_lines(make_rows(400))}
    return run_train(tmp_path_factory.mktemp("trained"), spec, files)
