"""A SageMaker to call, with what it works on, and inputs to give it."""

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from localcloud.clock import Clock
from localcloud.faults import Faults
from localcloud.logs import Logs
from localcloud.sagemaker import InvokeAnswer, SageMaker

REGION = "eu-west-1"
ROLE = "arn:aws:iam::123456789012:role/anyone"
DEADLINE = 30.0


@dataclass
class Events:
    """A bus that keeps what is put on it."""

    events: list[dict[str, Any]] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def publish(self, **event: Any) -> None:
        with self.changed:
            self.events.append(event)
            self.changed.notify_all()


@dataclass
class Cloud:
    """A SageMaker to call, the S3 it works on, and every event it sent."""

    sagemaker: SageMaker
    s3: Any
    bucket: str
    state: Path
    sent: Events
    again: Callable[[], SageMaker]
    clock: Clock
    faults: Faults
    logs: Logs
    recorded: list[tuple[Any, ...]]  # what became metrics: the arguments of each value

    def restart(self) -> None:
        """Stop SageMaker as it stands, forget its events, and start another one on what is stored."""
        self.sagemaker.stop()
        with self.sent.changed:
            self.sent.events.clear()
        self.sagemaker = self.again()

    @property
    def events(self) -> list[dict[str, Any]]:
        return self.sent.events

    def call(self, operation: str, **request: Any) -> Any:
        status, body = self.sagemaker.handle(operation, json.dumps(request).encode(), REGION)
        assert status == 200
        return json.loads(body)

    def invoke(self, body: bytes, endpoint: str = "e", **headers: str) -> InvokeAnswer:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.sagemaker.invoke(endpoint, sent, body, REGION)

    def logged(self, group: str) -> dict[str, list[str]]:
        """Give the messages of each stream of a log group."""
        found: dict[str, list[str]] = {}
        groups = json.loads(self.logs.api.answer("DescribeLogGroups", b"{}", REGION))["logGroups"]
        if group not in {each["logGroupName"] for each in groups}:
            return found
        request = json.dumps({"logGroupName": group}).encode()
        answer = json.loads(self.logs.api.answer("FilterLogEvents", request, REGION))
        for event in answer["events"]:
            found.setdefault(event["logStreamName"], []).append(event["message"])
        return found

    def uri(self, key: str = "") -> str:
        return f"s3://{self.bucket}/{key}"

    def put(self, key: str, body: bytes = b"x") -> str:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)
        return self.uri(key)

    def read(self, key: str) -> bytes:
        body: bytes = self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        return body

    def content_type(self, key: str) -> str:
        return str(self.s3.head_object(Bucket=self.bucket, Key=key)["ContentType"])

    def keys(self, prefix: str) -> list[str]:
        found = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix).get("Contents", [])
        return [item["Key"] for item in found]

    def details(self, name: str) -> list[dict[str, Any]]:
        """Return the details of the events about whatever has that name."""
        with self.sent.changed:
            return [event["detail"] for event in self.events if name in event["detail"].values()]

    def wait(self, name: str, *states: str) -> dict[str, Any]:
        """Wait for an event that says one of the states, and return its detail."""

        def there() -> list[dict[str, Any]]:
            return [detail for detail in self.details(name) if set(states) & {str(v) for v in detail.values()}]

        with self.sent.changed:
            assert self.sent.changed.wait_for(there, DEADLINE), f"{name} never was {states}: {self.details(name)}"
            return there()[-1]

    # what the tests ask for, with the members that AWS requires

    def train(self, name: str, hyperparameters: Mapping[str, str] | None = None, **more: Any) -> Any:
        return self.call(
            "CreateTrainingJob",
            **{
                "TrainingJobName": name,
                "RoleArn": ROLE,
                "AlgorithmSpecification": {"TrainingImage": "job", "TrainingInputMode": "File"},
                "HyperParameters": dict(hyperparameters or {}),
                "OutputDataConfig": {"S3OutputPath": self.uri("models")},
                "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
                "StoppingCondition": {"MaxRuntimeInSeconds": 60},
                **more,
            },
        )

    def process(self, name: str, *arguments: str, **more: Any) -> Any:
        return self.call(
            "CreateProcessingJob",
            **{
                "ProcessingJobName": name,
                "RoleArn": ROLE,
                "AppSpecification": {"ImageUri": "job", "ContainerArguments": list(arguments)},
                "ProcessingResources": {
                    "ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
                },
                "StoppingCondition": {"MaxRuntimeInSeconds": 60},
                **more,
            },
        )

    def model(self, name: str, image: str = "server", **container: Any) -> Any:
        return self.call(
            "CreateModel", ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer={"Image": image, **container}
        )

    def config(self, name: str, *variants: Mapping[str, Any]) -> Any:
        defaults = {"VariantName": "all", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
        return self.call(
            "CreateEndpointConfig",
            EndpointConfigName=name,
            ProductionVariants=[{**defaults, **variant} for variant in variants],
        )

    def version(self, name: str, **container: Any) -> None:
        """Make a model and an endpoint config of that name, whose server tells the name as its version."""
        environment = {"VERSION": name, **container.pop("Environment", {})}
        self.model(name, Environment=environment, **container)
        self.config(name, {"ModelName": name})

    def transform(self, name: str, model: str, **more: Any) -> Any:
        request = {
            "TransformJobName": name,
            "ModelName": model,
            "TransformInput": {
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": self.uri("in/")}},
                "ContentType": "text/plain",
                "SplitType": "Line",
            },
            "TransformOutput": {"S3OutputPath": self.uri("out"), "Accept": "text/plain", "AssembleWith": "Line"},
            "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        }
        return self.call("CreateTransformJob", **{**request, **more})


def s3_input(name: str, uri: str, path: str, data_type: str = "S3Prefix", **more: str) -> dict[str, Any]:
    return {
        "InputName": name,
        "S3Input": {"S3Uri": uri, "LocalPath": path, "S3DataType": data_type, "S3InputMode": "File", **more},
    }


def channel(name: str, uri: str, data_type: str = "S3Prefix") -> dict[str, Any]:
    return {"ChannelName": name, "DataSource": {"S3DataSource": {"S3DataType": data_type, "S3Uri": uri}}}
