"""The package of the real application, made once (Chalice and pip take seconds), and a fake of SageMaker."""

import json
from types import SimpleNamespace
from typing import Any, ClassVar

import boto3
import pytest

from infra.package import Package, package
from infra.resources import read_template


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Package:
    return package(stage="dev", out=tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="session")
def deployed(made: Package) -> dict[str, Any]:
    template: dict[str, Any] = json.loads(made.template.read_text("utf-8"))
    return template


@pytest.fixture(scope="session")
def merged() -> dict[str, Any]:
    return read_template()


class FakeSageMaker:
    """SageMaker's listings and removals behind a real boto3 client: pages of two, substring filters, refusals on order.

    ``resources`` maps a listing's operation to the names it holds; ``refusals`` maps a name to the errors that the next
    removals of it meet, in turn.
    """

    LISTINGS: ClassVar = {
        "ListTransformJobs": ("TransformJobSummaries", "TransformJobName"),
        "ListTrainingJobs": ("TrainingJobSummaries", "TrainingJobName"),
        "ListProcessingJobs": ("ProcessingJobSummaries", "ProcessingJobName"),
        "ListEndpoints": ("Endpoints", "EndpointName"),
        "ListEndpointConfigs": ("EndpointConfigs", "EndpointConfigName"),
        "ListModels": ("Models", "ModelName"),
        "ListModelPackages": ("ModelPackageSummaryList", "ModelPackageArn"),
        "ListModelPackageGroups": ("ModelPackageGroupSummaryList", "ModelPackageGroupName"),
    }

    def __init__(self) -> None:
        self.resources: dict[str, list[str]] = {listing: [] for listing in self.LISTINGS}
        self.refusals: dict[str, list[tuple[str, str]]] = {}
        self.listed: list[tuple[str, dict[str, Any]]] = []
        self.removed: list[tuple[str, str]] = []
        self.client = boto3.client(
            "sagemaker",
            region_name="eu-central-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",  # noqa: S106 - nothing is called
        )
        self.client.meta.events.register("before-call.sagemaker", self._answer)

    def _answer(self, model: Any, params: dict[str, Any], **_: Any) -> tuple[Any, dict[str, Any]]:
        request = json.loads(params["body"])
        if model.name in self.LISTINGS:
            self.listed.append((model.name, request))
            return SimpleNamespace(status_code=200), self._page(model.name, request)
        (name,) = request.values()
        if self.refusals.get(name):
            code, message = self.refusals[name].pop(0)
            return SimpleNamespace(status_code=400), {"Error": {"Code": code, "Message": message}}
        self.removed.append((model.name, name))
        self.resources[f"List{model.name.removeprefix('Delete').removeprefix('Stop')}s"].remove(name)
        return SimpleNamespace(status_code=200), {}

    def _page(self, listing: str, request: dict[str, Any]) -> dict[str, Any]:
        members, key = self.LISTINGS[listing]
        wanted = request.get("NameContains") or f"/{request['ModelPackageGroupName']}/"
        found = [name for name in self.resources[listing] if wanted in name]
        start = int(request.get("NextToken", "0"))
        page: dict[str, Any] = {members: [{key: name} for name in found[start : start + 2]]}
        return {**page, "NextToken": str(start + 2)} if len(found) > start + 2 else page


@pytest.fixture
def sagemaker() -> FakeSageMaker:
    return FakeSageMaker()
