"""A small AWS in memory for the services: S3's documents, SageMaker's names and states, and whoever performs plans."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.core import digests
from chalicelib.core.actions import Call, CopyVersion, Plan, WriteJson
from chalicelib.core.errors import NameTakenError, NotReadyError
from chalicelib.core.events import ObjectCreated
from chalicelib.core.facts import Endpoint, EndpointConfig, Job, ModelPackage, Upload
from chalicelib.core.predictions import Answer, Instance
from chalicelib.core.stage import Stage
from tests.chalicelib.fake_ledger import FakeKeys, FakeLabels, FakeTokens

STAGE = Stage(
    "dev",
    "freshet-dev-123456789012-eu-central-1",
    "arn:aws:iam::123456789012:role/freshet-dev",
    "123456789012.dkr.ecr.eu-central-1.amazonaws.com/freshet-training@sha256:" + "0" * 64,
    "freshet-dev-ledger",
)
START = datetime(2026, 11, 12, tzinfo=UTC)


@dataclass
class FakeStorage:
    """S3 as the services see it."""

    documents: dict[str, Any] = field(default_factory=dict)
    objects: dict[tuple[str, str, str], int] = field(default_factory=dict)  # (bucket, key, version): size

    def find_upload(self, bucket: str, key: str, version_id: str | None) -> Upload | None:
        size = self.objects.get((bucket, key, version_id or ""))
        if size is None:
            return None
        return Upload(digests.upload_id(bucket, key, version_id or ""), bucket, key, version_id, size)

    def read_json(self, key: str) -> Any | None:
        return self.documents.get(key)

    def write_json_once(self, key: str, data: Any) -> None:
        self.documents.setdefault(key, data)

    def newest_folders(self, prefix: str, file_name: str, limit: int) -> Sequence[str]:
        found = [key for key in self.documents if key.startswith(prefix) and key.endswith(f"/{file_name}")]
        return [key.removeprefix(prefix).removesuffix(f"/{file_name}") for key in reversed(found)][:limit]


@dataclass
class FakeSageMaker:
    """SageMaker as the services see it; a test ends jobs and starts endpoints by hand."""

    jobs: dict[str, Job] = field(default_factory=dict)
    packages: list[ModelPackage] = field(default_factory=list)
    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    configs: dict[str, EndpointConfig] = field(default_factory=dict)

    def processing_job(self, name: str) -> Job | None:
        return self.jobs.get(name)

    training_job = transform_job = processing_job

    def package_of_run(self, group: str, run_id: str) -> ModelPackage | None:
        return next((package for package in self.packages if package.run_id == run_id and group in package.arn), None)

    def newest_approved_package(self, group: str) -> ModelPackage | None:
        approved = [package for package in self.packages if package.approval == "Approved" and group in package.arn]
        return approved[-1] if approved else None

    def endpoint(self, name: str) -> Endpoint | None:
        return self.endpoints.get(name)

    def endpoint_config(self, name: str) -> EndpointConfig | None:
        return self.configs.get(name)


@dataclass
class FakeExecutor:
    """Performs plans on the fakes and keeps what was done; a job created twice is created once."""

    storage: FakeStorage
    sagemaker: FakeSageMaker
    performed: list[str] = field(default_factory=list)
    clock: datetime = START
    requests: dict[str, Mapping[str, Any]] = field(default_factory=dict)  # by operation and name

    def perform(self, plan: Plan) -> None:
        for action in plan.actions:
            self.clock += timedelta(seconds=1)
            match action:
                case WriteJson(key, data):
                    self.storage.write_json_once(key, data)
                case CopyVersion(_, key):
                    self.storage.documents.setdefault(key, "a copy")
                case Call(operation, request):
                    self._call(operation, request)

    def _call(self, operation: str, request: Mapping[str, Any]) -> None:
        name = next(iter(request.values()))
        sagemaker = self.sagemaker
        repeatable = {"update_endpoint", "create_model_package"}
        if operation not in repeatable and self.requests.setdefault(f"{operation} {name}", request) != request:
            raise NameTakenError(name)
        if operation.endswith("_job"):
            if name in sagemaker.jobs:
                return
            sagemaker.jobs[name] = Job(name, "InProgress")
        elif operation == "create_model_package":
            run_id = request["CustomerMetadataProperties"]["run_id"]
            if sagemaker.package_of_run(name, run_id):
                return
            version = len(sagemaker.packages) + 1
            arn = f"arn:aws:sagemaker:eu-central-1:123456789012:model-package/{name}/{version}"
            sagemaker.packages.append(ModelPackage(arn, version, "Completed", "Approved", run_id))
        elif operation == "create_endpoint_config":
            model = request["ProductionVariants"][0]["ModelName"]
            sagemaker.configs.setdefault(name, EndpointConfig(name, self.clock, model))
        elif operation in {"create_endpoint", "update_endpoint"}:
            status = "Creating" if operation == "create_endpoint" else "Updating"
            sagemaker.endpoints[name] = Endpoint(name, status, request["EndpointConfigName"], self.clock)
        self.performed.append(operation)


@dataclass
class FakeRuntime:
    """A model that answers with a fixed score, or does not."""

    ready: bool = True
    asked: list[Sequence[Instance]] = field(default_factory=list)
    breaks: Exception | None = None

    def invoke(self, endpoint: str, instances: Sequence[Instance], inference_id: str) -> Answer:  # noqa: ARG002
        if self.breaks:
            raise self.breaks
        if not self.ready:
            raise NotReadyError("no model is live yet")
        self.asked.append(instances)
        return Answer("3", "AllTraffic", tuple({"label": "positive", "score": 0.75} for _ in instances))


@dataclass
class World:
    """The fakes of one account, and what happens in it by itself."""

    storage: FakeStorage = field(default_factory=FakeStorage)
    sagemaker: FakeSageMaker = field(default_factory=FakeSageMaker)
    runtime: FakeRuntime = field(default_factory=FakeRuntime)
    keys: FakeKeys = field(default_factory=FakeKeys)
    tokens: FakeTokens = field(default_factory=FakeTokens)
    labels: FakeLabels = field(default_factory=FakeLabels)
    executor: FakeExecutor = field(init=False)

    def __post_init__(self) -> None:
        self.executor = FakeExecutor(self.storage, self.sagemaker)

    def drop(self, key: str, version_id: str = "v1", size: int = 10) -> ObjectCreated:
        """Store an object version and give its event."""
        self.storage.objects[STAGE.bucket_name, key, version_id] = size
        return ObjectCreated(STAGE.bucket_name, key, version_id)

    def end(self, step: str, status: str = "Completed", content: str = "c" * 64) -> str:
        """End the running job of a step and give its name; a prepare job leaves its summary."""
        name = next(
            name for name, job in self.sagemaker.jobs.items() if f"-{step}-" in name and job.status == "InProgress"
        )
        artifact = "s3://bucket/model.tar.gz" if step == "train" else None
        self.sagemaker.jobs[name] = Job(
            name, status, "the file has no rows" if status == "Failed" else None, artifact_uri=artifact
        )
        if step == "prepare" and status == "Completed":
            dataset = STAGE.bucket.dataset("reviews", name.rsplit("-", 1)[-1])
            rows = {"train": 8, "validation": 1, "test": 1}
            self.storage.documents[dataset.key("prepared", "summary.json")] = {"content_digest": content, "rows": rows}
        return name

    def settle_endpoint(self, status: str = "InService") -> None:
        """Let the endpoint end what it is doing."""
        self.executor.clock += timedelta(seconds=1)
        for name, endpoint in self.sagemaker.endpoints.items():
            self.sagemaker.endpoints[name] = replace(endpoint, status=status, changed=self.executor.clock)
