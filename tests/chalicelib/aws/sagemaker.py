"""SageMaker's jobs, models, versions and endpoints: names taken for ever, states that a test moves on.

What happens by itself (a job ends, an endpoint comes into service) happens when the test says so; the pipeline that it
concerns is then named to whoever delivers events.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.chalicelib.aws.refusals import refused

Request = dict[str, Any]
_PAGE = 2  # versions a page, so that tests meet a second one
KINDS = {"Processing": "processing_job", "Training": "training_job", "Transform": "transform_job"}


@dataclass
class Machines:
    """Everything of SageMaker's in one account; ``tell`` takes the name that an event would bear."""

    time: Callable[[], datetime] = field(repr=False)
    tell: Callable[[str], None] = field(repr=False)
    jobs: dict[str, Request] = field(default_factory=dict)
    models: dict[str, Request] = field(default_factory=dict)
    configs: dict[str, Request] = field(default_factory=dict)
    endpoints: dict[str, Request] = field(default_factory=dict)
    groups: dict[str, Request] = field(default_factory=dict)
    versions: list[Request] = field(default_factory=list)
    tokens: dict[str, str] = field(default_factory=dict)

    def running(self, kind: str = "") -> list[str]:
        """Return the names of the jobs in progress."""
        return [
            name
            for name, job in self.jobs.items()
            if job["Status"] == "InProgress" and (not kind or job["Kind"] == kind)
        ]

    def end_job(self, name: str, status: str, **more: Any) -> None:
        """Let a job end."""
        job = self.jobs[name]
        job |= {"Status": status, "Ended": self.time(), **more}
        self.tell(name)

    def settle(self, *, outcome: str = "InService") -> None:
        """Let endpoints end what they are doing: in service, ``RolledBack`` (InService on the old config) or Failed."""
        for endpoint in [e for e in self.endpoints.values() if e["EndpointStatus"] in {"Creating", "Updating"}]:
            wanted = endpoint.pop("Wanted")
            if outcome == "InService" or (outcome == "RolledBack" and endpoint["EndpointStatus"] == "Creating"):
                endpoint["EndpointConfigName"] = wanted
            endpoint["EndpointStatus"] = "Failed" if outcome == "Failed" else "InService"
            endpoint["LastModifiedTime"] = self.time()
            self.tell(endpoint["EndpointName"])
        for name in [n for n, e in self.endpoints.items() if e["EndpointStatus"] == "Deleting"]:
            del self.endpoints[name]
            self.tell(name)

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        """Give the operations that all kinds of job share."""
        for kind, noun in KINDS.items():
            if operation == f"create_{noun}":
                return lambda **request: self._create_job(kind, request)
            if operation == f"describe_{noun}":
                return lambda **request: self._describe_job(kind, request[f"{kind}JobName"])
        raise AttributeError(operation)

    def _create_job(self, kind: str, request: Request) -> Request:
        name = request[f"{kind}JobName"]
        if name in self.jobs:
            raise refused("ResourceInUse", message=f"Job name must be unique: {name}")
        if kind == "Transform" and request["ModelName"] not in self.models:
            raise refused("ValidationException", message=f"Could not find model {request['ModelName']}.")
        self.jobs[name] = {**request, "Kind": kind, "Status": "InProgress", "Started": self.time()}
        return {}

    def _describe_job(self, kind: str, name: str) -> Request:
        job = self.jobs.get(name)
        if job is None or job["Kind"] != kind:
            raise refused(
                "ResourceNotFound" if kind != "Training" else "ValidationException",
                message="Requested resource not found.",
            )
        return {
            **job,
            f"{kind}JobStatus": job["Status"],
            f"{kind}StartTime": job["Started"],
            **({f"{kind}EndTime": job["Ended"]} if "Ended" in job else {}),
        }

    def create_model(self, **request: Any) -> Request:
        return self._make(self.models, "ModelName", "model", request)

    def describe_model(self, ModelName: str) -> Request:
        return self._show(self.models, "model", ModelName)

    def create_endpoint_config(self, **request: Any) -> Request:
        self._show(self.models, "model", request["ProductionVariants"][0]["ModelName"])
        return self._make(self.configs, "EndpointConfigName", "endpoint configuration", request)

    def describe_endpoint_config(self, EndpointConfigName: str) -> Request:
        return self._show(self.configs, "endpoint configuration", EndpointConfigName)

    def create_endpoint(self, **request: Any) -> Request:
        self._show(self.configs, "endpoint configuration", request["EndpointConfigName"])
        status = {
            "EndpointStatus": "Creating",
            "LastModifiedTime": self.time(),
            "Wanted": request["EndpointConfigName"],
        }
        return self._make(self.endpoints, "EndpointName", "endpoint", request | status)

    def describe_endpoint(self, EndpointName: str) -> Request:
        endpoint = self._show(self.endpoints, "endpoint", EndpointName)
        capture = self.configs.get(endpoint.get("EndpointConfigName", ""), {}).get("DataCaptureConfig")
        told = capture and {"CurrentSamplingPercentage": capture["InitialSamplingPercentage"]}
        return {**endpoint, "DataCaptureConfig": told} if told else endpoint

    def update_endpoint(self, EndpointName: str, EndpointConfigName: str) -> Request:
        endpoint = self._show(self.endpoints, "endpoint", EndpointName)
        self._show(self.configs, "endpoint configuration", EndpointConfigName)
        if endpoint["EndpointStatus"] != "InService":
            raise refused("ValidationException", message=f'Cannot update in-progress endpoint "{EndpointName}".')
        endpoint = self.endpoints[EndpointName]
        endpoint |= {"EndpointStatus": "Updating", "LastModifiedTime": self.time(), "Wanted": EndpointConfigName}
        return {}

    def delete_endpoint(self, EndpointName: str) -> Request:
        self._show(self.endpoints, "endpoint", EndpointName)
        self.endpoints[EndpointName]["EndpointStatus"] = "Deleting"
        return {}

    def create_model_package_group(self, **request: Any) -> Request:
        if request["ModelPackageGroupName"] in self.groups:
            raise refused("ValidationException", message="Model Package Group already exists: arn")
        return self._make(self.groups, "ModelPackageGroupName", "group", request)

    def describe_model_package_group(self, ModelPackageGroupName: str) -> Request:
        return self._show(self.groups, "group", ModelPackageGroupName)

    def create_model_package(self, **request: Any) -> Request:
        group, token = request["ModelPackageGroupName"], request["ClientToken"]
        self._show(self.groups, "group", group)
        if token not in self.tokens:
            version = sum(package["ModelPackageGroupName"] == group for package in self.versions) + 1
            arn = f"arn:aws:sagemaker:eu-central-1:123456789012:model-package/{group}/{version}"
            more = {"ModelPackageArn": arn, "ModelPackageVersion": version, "ModelPackageStatus": "Completed"}
            self.versions.append({**request, **more, "CreationTime": self.time()})
            self.tokens[token] = arn
            self.tell(group)
        return {"ModelPackageArn": self.tokens[token]}

    def update_model_package(self, **request: Any) -> Request:
        package = next(p for p in self.versions if p["ModelPackageArn"] == request["ModelPackageArn"])
        package |= request
        self.tell(package["ModelPackageGroupName"])
        return {}

    def list_model_packages_pages(self, ModelPackageGroupName: str, **_: Any) -> list[Request]:
        if ModelPackageGroupName not in self.groups:
            raise refused("ValidationException", message=f"Model Package Group {ModelPackageGroupName} does not exist.")
        found = [p for p in reversed(self.versions) if p["ModelPackageGroupName"] == ModelPackageGroupName]
        pages = [found[start : start + _PAGE] for start in range(0, len(found) or 1, _PAGE)]
        return [{"ModelPackageSummaryList": page} for page in pages]

    def _make(self, made: dict[str, Request], key: str, noun: str, request: Request) -> Request:
        name = request[key]
        if name in made:
            raise refused("ValidationException", message=f'Cannot create already existing {noun} "{name}".')
        made[name] = dict(request)
        return {}

    def _show(self, made: dict[str, Request], noun: str, name: str) -> Request:
        if name not in made:
            raise refused("ValidationException", message=f'Could not find {noun} "{name}".')
        return dict(made[name])
