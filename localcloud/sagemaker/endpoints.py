"""Endpoints: created, updated and deleted in the background, and answering all the while.

An update starts the whole new fleet beside the old one, swaps them in the same step that says ``InService``, lets the
old one answer what it owes, and only then stops it. If the new fleet does not get healthy, the old one just goes on.
The price is AWS's as well: during an update both fleets need memory.
"""

import contextlib
import logging
import random
from typing import Any

from localcloud.errors import AwsError, ImageError
from localcloud.sagemaker import emulated, kinds
from localcloud.sagemaker.faults import ContainerError, StoppedError, WorkError
from localcloud.sagemaker.fleet import Fleet, Instance, Router, Variant
from localcloud.sagemaker.models import PENDING, RESOLVED, server_spec
from localcloud.sagemaker.platform import Platform
from localcloud.sagemaker.server import ModelServer
from localcloud.sagemaker.store import Data

_KIND = kinds.ENDPOINT
_IN_PROGRESS = ("Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting")
_CLOSING_GRACE = 2.0  # seconds
_LOOK_AGAIN = 0.5  # seconds between two looks at the servers in service
_log = logging.getLogger(__name__)


class Endpoints:
    """The endpoints and their fleets."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self.router = Router(random.Random())  # noqa: S311  traffic shares, no secret

    def create(self, request: Data, region: str) -> Data:
        """CreateEndpoint."""
        emulated.only(request, "EndpointName EndpointConfigName Tags")
        name = request["EndpointName"]
        with self._platform.store.transaction():
            config = self._platform.store.get(kinds.ENDPOINT_CONFIG, region, request["EndpointConfigName"])
            data = {**request, "EndpointConfigName": config["EndpointConfigName"], "EndpointStatus": "Creating"}
            row = self._platform.store.create(_KIND, region, name, data)
        self._platform.background.start(f"endpoint-{name}", lambda: self._create(region, name, config))
        return row

    def update(self, request: Data, region: str) -> Data:
        """UpdateEndpoint."""
        emulated.only(request, "EndpointName EndpointConfigName RetainAllVariantProperties RetainDeploymentConfig")
        emulated.value(request, "RetainAllVariantProperties", False, (False,))
        emulated.value(request, "RetainDeploymentConfig", False, (False,))
        name = request["EndpointName"]
        with self._platform.store.transaction():
            self._platform.store.get(_KIND, region, name)
            config = self._platform.store.get(kinds.ENDPOINT_CONFIG, region, request["EndpointConfigName"])

            def updating(endpoint: Data) -> Data:
                _refuse_in_progress(endpoint)
                if endpoint["EndpointStatus"] != "InService":
                    arn, status = endpoint["EndpointArn"], endpoint["EndpointStatus"]
                    raise AwsError("ValidationException", f'Cannot update endpoint "{arn}" in status {status}.')
                left = {member: value for member, value in endpoint.items() if member != "FailureReason"}
                return {**left, "EndpointStatus": "Updating", PENDING: config["EndpointConfigName"]}

            row = self._platform.store.update(_KIND, region, name, updating)
        self._platform.background.start(f"endpoint-{name}", lambda: self._update(region, name, config))
        return row

    def delete(self, request: Data, region: str) -> None:
        """DeleteEndpoint."""
        name = request["EndpointName"]

        def deleting(endpoint: Data) -> Data:
            _refuse_in_progress(endpoint)
            return {**endpoint, "EndpointStatus": "Deleting"}

        self._platform.store.update(_KIND, region, name, deleting)
        self._platform.background.start(f"endpoint-{name}", lambda: self._delete(region, name))

    def revive(self) -> None:
        """Start servers again that ended by themselves, one after the other, until the local cloud closes."""
        closing = self._platform.background.closing
        while True:
            self._platform.background.sleep(_LOOK_AGAIN)
            for server in self.router.servers():
                if not server.ready():
                    _log.warning("sagemaker.server_ended")
                    with contextlib.suppress(ContainerError):  # it is tried again at the next look
                        server.start(closing)

    def close(self) -> None:
        """Stop every server in service."""
        for fleet in self.router.clear():
            self._stop(fleet)

    def _create(self, region: str, name: str, config: Data) -> None:
        try:
            fleet = self._start(region, name, config)
        except (WorkError, ImageError) as error:
            _quiet_if_stopped(error)
            members = {"EndpointStatus": "Failed", "FailureReason": str(error)}
            self._platform.store.update(_KIND, region, name, lambda row: {**row, **members})
            return
        self._put_in_service(region, name, config, fleet)

    def _update(self, region: str, name: str, config: Data) -> None:
        try:
            fleet = self._start(region, name, config)
        except (WorkError, ImageError) as error:
            _quiet_if_stopped(error)
            members = {"EndpointStatus": "InService", "FailureReason": str(error), PENDING: None}
            self._platform.store.update(_KIND, region, name, lambda row: {**row, **members})
            return
        self._retire(self._put_in_service(region, name, config, fleet))

    def _delete(self, region: str, name: str) -> None:
        self._retire(self.router.swap(region, name, None))
        self._platform.store.delete(_KIND, region, name)

    def _put_in_service(self, region: str, name: str, config: Data, fleet: Fleet) -> Fleet:
        members = {
            "EndpointStatus": "InService",
            "EndpointConfigName": config["EndpointConfigName"],
            "ProductionVariants": [self._summary(variant, region) for variant in config["ProductionVariants"]],
            PENDING: None,
        }
        with self._platform.store.transaction():
            if self._platform.background.closing.is_set():
                self._stop(fleet)
                raise StoppedError("the local cloud is closing")
            old = self.router.swap(region, name, fleet)
            self._platform.store.update(_KIND, region, name, lambda row: {**row, **members})
        return old

    def _start(self, region: str, name: str, config: Data) -> Fleet:
        """Start a fleet; all of it is healthy when this returns, none of it is left when it raises."""
        self._platform.background.sleep(self._platform.delays.endpoint_start)
        variants: dict[str, Variant] = {}
        try:
            for variant in config["ProductionVariants"]:
                instances: list[Instance] = []
                for number in range(variant["InitialInstanceCount"]):
                    instances.append(Instance(self._new_server(region, name, variant, number)))
                    variants[variant["VariantName"]] = Variant(
                        variant["VariantName"], variant["InitialVariantWeight"], tuple(instances)
                    )
                    self._start_server(instances[-1].server, region, variant)
        except (WorkError, ImageError):
            self._stop(Fleet(variants))
            raise
        return Fleet(variants)

    def _new_server(self, region: str, name: str, variant: Data, number: int) -> ModelServer:
        model = self._platform.store.find(kinds.MODEL, region, variant["ModelName"])
        if model is None:
            raise WorkError(f"Could not find model {variant['ModelName']}")
        seconds = variant.get("ContainerStartupHealthCheckTimeoutInSeconds")
        names = ("endpoints", region, name, f"{variant['VariantName']}-{number}")
        spec = server_spec(self._platform, region, model, names, ping_deadline=seconds)
        return ModelServer(self._platform.containers, spec)

    def _start_server(self, server: ModelServer, region: str, variant: Data) -> None:
        try:
            server.load(self._platform.objects(region))
            server.start(self._platform.background.closing)
        except StoppedError:
            raise
        except WorkError as error:
            raise WorkError(
                f"The primary container for production variant {variant['VariantName']} could not be started: {error}. "
                "Please check the logs for this endpoint."
            ) from error

    def _summary(self, variant: Data, region: str) -> dict[str, Any]:
        model = self._platform.store.find(kinds.MODEL, region, variant["ModelName"]) or {}
        image = model.get(RESOLVED, {}).get("Image", "")
        weight, count = variant["InitialVariantWeight"], variant["InitialInstanceCount"]
        deployed = {"SpecifiedImage": image, "ResolvedImage": image, "ResolutionTime": self._platform.now()}
        return {
            "VariantName": variant["VariantName"],
            "DeployedImages": [deployed],
            "CurrentWeight": weight,
            "DesiredWeight": weight,
            "CurrentInstanceCount": count,
            "DesiredInstanceCount": count,
        }

    def _retire(self, fleet: Fleet) -> None:
        self.router.drain(fleet, self._platform.limits.invocation, self._platform.background.closing)
        self._stop(fleet)

    def _stop(self, fleet: Fleet) -> None:
        grace = self._platform.limits.server_stop
        for server in fleet.servers:
            server.stop(min(grace, _CLOSING_GRACE) if self._platform.background.closing.is_set() else grace)


def _refuse_in_progress(endpoint: Data) -> None:
    if endpoint["EndpointStatus"] in _IN_PROGRESS:
        raise AwsError("ValidationException", f'Cannot update in-progress endpoint "{endpoint["EndpointArn"]}".')


def _quiet_if_stopped(error: Exception) -> None:
    if isinstance(error, StoppedError):
        raise error
