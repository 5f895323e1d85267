"""What SageMaker says, on the account in memory and on the local cloud alike."""

from dataclasses import replace

import pytest

from chalicelib.adapters.runtime import EndpointRuntime
from chalicelib.core import digests, requests
from chalicelib.core.errors import NotReadyError
from chalicelib.core.facts import Job, RunFacts
from tests.chalicelib.adapters.sides import SAGEMAKER, Side, completed
from tests.chalicelib.aws.world import STAGE
from tests.chalicelib.core.samples import LINEAGE, RUN, SPEC


def test_unknown_names(side: Side) -> None:  # noqa: ARG001
    """What SageMaker does not know is None."""
    assert SAGEMAKER.processing_job("freshet-dev-reviews-prepare-0") is None
    assert SAGEMAKER.training_job("freshet-dev-reviews-train-0") is None
    assert SAGEMAKER.transform_job("freshet-dev-reviews-score-0") is None
    assert SAGEMAKER.endpoint("freshet-dev-nobody") is None
    assert list(SAGEMAKER.packages("freshet-dev-nobody")) == []


@pytest.mark.parametrize("approval", ["Approved", "PendingManualApproval"])
def test_register_twice(side: Side, run: RunFacts, approval: str) -> None:
    """A run registers one version, however often it is asked to, and that version is found by the run."""
    for _ in range(2):
        side.perform(*requests.register(STAGE, run, approval))
    group = STAGE.names.model_package_group(SPEC.name)
    package = completed(group, run.lineage.run_id)
    assert package.approval == approval
    assert sum(other.run_id == package.run_id for other in SAGEMAKER.packages(group)) == 1


def test_packages_of_many_pages(side: Side, own: str) -> None:
    """All versions of a group are listed, the newest first."""
    stage = replace(STAGE, name="many")
    for number in range(3):
        run_id = digests.short_digest(own, number)
        key = f"models/reviews/{run_id}/artifacts/model.tar.gz"
        side.put(key, b"an artifact")
        trained = Job("t", "Completed", artifact_uri=f"s3://{STAGE.bucket_name}/{key}")
        run = replace(RUN, lineage=replace(LINEAGE, run_id=run_id), train=(trained,))
        side.perform(*requests.register(stage, run, "Approved"))
    found = SAGEMAKER.packages(stage.names.model_package_group(SPEC.name))
    assert [package.version for package in found] == [3, 2, 1]
    assert [package.run_id for package in found] == [digests.short_digest(own, number) for number in (2, 1, 0)]


def test_no_model_answers(local: Side) -> None:  # noqa: ARG001 - the account in memory serves no models
    """Without a live model a prediction is refused as not ready, with words fit for the caller."""
    with pytest.raises(NotReadyError, match="no model is live yet"):
        EndpointRuntime().invoke("freshet-dev-nobody", [{"text": "good"}], "0" * 36)
