"""Names."""

import re
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.errors import InvalidEventError
from chalicelib.core.names import WATCHED, AlarmKind, AlarmName, JobName, Names, Step
from chalicelib.core.spec import MAX_NAME

PIPELINE = st.from_regex(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", fullmatch=True).filter(lambda name: len(name) <= MAX_NAME)
STAGE = st.sampled_from(["dev", "prod"])
ID = st.from_regex(r"[0-9a-f]{16}", fullmatch=True)
STEP = st.sampled_from(get_args(Step))
# botocore sagemaker 2017-07-24: TrainingJobName, ProcessingJobName, TransformJobName, EndpointName...
AWS_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")


@given(STAGE, PIPELINE, STEP, ID)
def test_job_round_trip(stage: str, pipeline: str, step: Step, job_id: str) -> None:
    """A job's name says again what it was made of, also where the pipeline's name looks like a step."""
    names = Names(stage)
    assert names.parse_job(names.job(pipeline, step, job_id)) == JobName(pipeline, step, job_id)


@given(STAGE, PIPELINE, STEP, ID)
def test_limits(stage: str, pipeline: str, step: Step, job_id: str) -> None:
    """Every name fits AWS's pattern and 63 characters, and starts with the stage's prefix."""
    names = Names(stage)
    made = [
        names.job(pipeline, step, job_id),
        names.candidate(pipeline, job_id),
        names.model(pipeline, job_id),
        names.endpoint_config(pipeline, job_id, job_id),
        names.endpoint(pipeline),
        names.model_package_group(pipeline),
    ]
    for name in made:
        assert len(name) <= 63
        assert AWS_NAME.fullmatch(name)
        assert name.startswith(f"freshet-{stage}-")


@given(PIPELINE, ID)
def test_distinct(pipeline: str, job_id: str) -> None:
    """The candidate's model, the live model and the config never share a name."""
    names = Names("dev")
    assert len({names.candidate(pipeline, job_id), names.model(pipeline, job_id), names.endpoint(pipeline)}) == 3


@given(STAGE, PIPELINE, st.sampled_from(list(WATCHED)))
def test_alarm_round_trip(stage: str, pipeline: str, kind: AlarmKind) -> None:
    """An alarm's name says again what it was made of, also where the pipeline's name looks like an alarm's end."""
    assert Names(stage).parse_alarm(Names(stage).alarm(pipeline, kind)) == AlarmName(pipeline, kind)
    assert Names(stage).parse_alarm(Names(stage).alarm(f"{pipeline}-drift", kind)) == AlarmName(
        f"{pipeline}-drift", kind
    )


@pytest.mark.parametrize(
    "name", ["", "freshet-prod-reviews-drift", "freshet-dev-reviews", "freshet-dev-drift", "freshet-dev-reviews-errors"]
)
def test_foreign_alarm(name: str) -> None:
    """Another stage's alarm, or one that watches something else, is none of ours."""
    assert Names("dev").parse_alarm(name) is None


@pytest.mark.parametrize(
    "name",
    [
        "",
        "freshet-prod-reviews-train-0123456789abcdef",
        "freshet-dev-reviews-train-xyz",
        "freshet-dev-reviews-0123456789abcdef",
    ],
)
def test_foreign_job(name: str) -> None:
    """A name that is not ours, or of another stage, is refused."""
    with pytest.raises(InvalidEventError):
        Names("dev").parse_job(name)


def test_foreign_pipeline() -> None:
    """An endpoint of another stage is refused."""
    assert Names("dev").parse_pipeline("freshet-dev-reviews") == "reviews"
    with pytest.raises(InvalidEventError):
        Names("dev").parse_pipeline("freshet-prod-reviews")
