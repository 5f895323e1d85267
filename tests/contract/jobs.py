"""SageMaker's jobs as requests with the members that AWS requires, and their ends."""

import io
import json
import tarfile
import textwrap
from dataclasses import dataclass
from typing import Any

from tests.contract.account import Account

OVER = {"Completed", "Failed", "Stopped"}


def channel(name: str, uri: str, **source: Any) -> dict[str, Any]:
    return {
        "ChannelName": name,
        "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri, **source}},
    }


def instances(count: int = 1) -> dict[str, Any]:
    return {"InstanceType": "ml.m5.large", "InstanceCount": count, "VolumeSizeInGB": 1}


@dataclass
class Jobs:
    """What asks for jobs; each method gives the job's name."""

    aws: Account

    @property
    def api(self) -> Any:
        return self.aws.client("sagemaker")

    def put(self, key: str, body: bytes) -> str:
        self.aws.client("s3").put_object(Bucket=self.aws.bucket, Key=key, Body=body)
        return self.aws.uri(key)

    def read(self, uri: str) -> bytes:
        key = uri.removeprefix(self.aws.uri(""))
        body: bytes = self.aws.client("s3").get_object(Bucket=self.aws.bucket, Key=key)["Body"].read()
        return body

    def keys(self, uri: str) -> list[str]:
        """Name the objects below an address, without it."""
        prefix = uri.removeprefix(self.aws.uri("")).rstrip("/") + "/"
        found = self.aws.client("s3").list_objects_v2(Bucket=self.aws.bucket, Prefix=prefix).get("Contents", ())
        return [each["Key"].removeprefix(prefix) for each in found]

    def archived(self, uri: str) -> dict[str, bytes]:
        with tarfile.open(fileobj=io.BytesIO(self.read(uri)), mode="r:gz") as tar:
            return {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]

    def train(self, program: str = "", *, hosts: int = 1, algorithm: Any = None, **more: Any) -> str:
        request = self.training(program, hosts=hosts, algorithm=algorithm)
        request |= {"TrainingJobName": self.aws.name("train"), **more}
        self.api.create_training_job(**request)
        return str(request["TrainingJobName"])

    def training(self, program: str = "", *, hosts: int = 1, algorithm: Any = None) -> dict[str, Any]:
        return {
            "RoleArn": self.aws.role,
            "AlgorithmSpecification": {
                "TrainingImage": self.aws.image,
                "TrainingInputMode": "File",
                **(algorithm or {}),
            },
            "HyperParameters": {"program": json.dumps(textwrap.dedent(program) or "pass")},
            "OutputDataConfig": {"S3OutputPath": self.aws.uri("models")},
            "ResourceConfig": instances(hosts),
            "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        }

    def process(self, program: str = "pass", *, hosts: int = 1, application: Any = None, **more: Any) -> str:
        request = {
            "ProcessingJobName": self.aws.name("process"),
            "RoleArn": self.aws.role,
            "AppSpecification": {
                "ImageUri": self.aws.image,
                "ContainerArguments": textwrap.dedent(program).strip().split("\n"),
                **(application or {}),
            },
            "ProcessingResources": {"ClusterConfig": instances(hosts)},
            "StoppingCondition": {"MaxRuntimeInSeconds": 60},
            **more,
        }
        self.api.create_processing_job(**request)
        return str(request["ProcessingJobName"])

    def model(self, **environment: str) -> str:
        name = self.aws.name("model")
        container = {"Image": self.aws.image, "Environment": environment}
        self.api.create_model(ModelName=name, ExecutionRoleArn=self.aws.role, PrimaryContainer=container)
        return name

    def transform(
        self, model: str, objects: dict[str, bytes], *, given: Any = None, out: Any = None, **more: Any
    ) -> str:
        """Transform objects, line by line unless ``given`` says otherwise, to `transformed/<name>`."""
        request = {
            "TransformJobName": self.aws.name("transform"),
            "ModelName": model,
            "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
            **more,
        }
        name = str(request["TransformJobName"])
        for key, body in objects.items():
            self.put(f"in/{name}/{key}", body)
        source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": self.aws.uri(f"in/{name}/")}}
        output = {"S3OutputPath": self.aws.uri(f"transformed/{name}"), "AssembleWith": "Line"}
        self.api.create_transform_job(
            TransformInput={"DataSource": source, "ContentType": "text/plain", "SplitType": "Line", **(given or {})},
            TransformOutput={**output, **(out or {})},
            **request,
        )
        return name

    def transformed(self, name: str) -> dict[str, bytes]:
        """Wait for a transform to complete; its outputs."""
        told = self.ended(name)
        assert told["TransformJobStatus"] == "Completed", told
        folder = self.aws.uri(f"transformed/{name}")
        return {key: self.read(f"{folder}/{key}") for key in self.keys(folder)}

    def described(self, name: str) -> dict[str, Any]:
        kind = name.split("-")[2]
        what = f"describe_{'training' if kind == 'train' else 'processing' if kind == 'process' else kind}_job"
        member = {"train": "Training", "process": "Processing", "transform": "Transform"}[kind]
        told: dict[str, Any] = getattr(self.api, what)(**{f"{member}JobName": name})
        return {**told, "Status": told[f"{member}JobStatus"]}

    def ended(self, name: str) -> dict[str, Any]:
        """Wait for the end of a job; what Describe tells then."""
        return self.aws.wait_for(lambda: told if (told := self.described(name))["Status"] in OVER else None)

    def completed(self, name: str) -> dict[str, Any]:
        told = self.ended(name)
        assert told["Status"] == "Completed", told
        return told

    def failed(self, name: str) -> str:
        told = self.ended(name)
        assert told["Status"] == "Failed", told
        return str(told["FailureReason"])

    def until(self, name: str, status: str) -> None:
        """Wait until a training job has come to a secondary status."""
        self.aws.wait_for(lambda: self.described(name)["SecondaryStatus"] == status)
