"""SageMaker's endpoints as requests with the members that AWS requires, and their states."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.contract.account import Account
from tests.contract.jobs import Jobs

MOVING = {"Creating", "Updating", "RollingBack", "SystemUpdating"}


@dataclass
class Endpoints:
    """What makes endpoints; each method gives the name of what it made."""

    aws: Account

    @property
    def api(self) -> Any:
        return self.aws.client("sagemaker")

    def config(self, *variants: Mapping[str, Any], **more: Any) -> str:
        """Make a config; a variant has one instance and is named `all`, unless it says otherwise."""
        name = self.aws.name("config")
        fleet = {"InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
        production = [
            {"VariantName": "all", **({} if "ServerlessConfig" in variant else fleet), **variant}
            for variant in variants
        ]
        self.api.create_endpoint_config(EndpointConfigName=name, ProductionVariants=production, **more)
        return name

    def version(self, **environment: str) -> str:
        """Make a config of one variant, whose model has that environment."""
        return self.config({"ModelName": Jobs(self.aws).model(**environment)})

    def create(self, config: str) -> str:
        name = self.aws.name("endpoint")
        self.api.create_endpoint(EndpointName=name, EndpointConfigName=config)
        return name

    def described(self, name: str) -> dict[str, Any]:
        told: dict[str, Any] = self.api.describe_endpoint(EndpointName=name)
        return told

    def settled(self, name: str) -> dict[str, Any]:
        """Wait until an endpoint is neither created nor updated; what Describe tells then."""
        return self.aws.wait_for(
            lambda: told if (told := self.described(name))["EndpointStatus"] not in MOVING else None
        )

    def in_service(self, config: str) -> str:
        name = self.create(config)
        told = self.settled(name)
        assert told["EndpointStatus"] == "InService", told
        return name

    def update(self, name: str, config: str, **more: Any) -> dict[str, Any]:
        self.api.update_endpoint(EndpointName=name, EndpointConfigName=config, **more)
        return self.settled(name)

    def invoke(self, name: str, body: bytes = b"x", **more: Any) -> Any:
        return self.aws.client("sagemaker-runtime").invoke_endpoint(EndpointName=name, Body=body, **more)

    def ask(self, name: str, body: bytes = b"x", **more: Any) -> bytes:
        answer: bytes = self.invoke(name, body, **more)["Body"].read()
        return answer

    def seen(self, name: str, **more: Any) -> Any:
        """Ask a server what it sees: headers, environment, process id, model."""
        return json.loads(self.ask(name, b"describe", **more))
