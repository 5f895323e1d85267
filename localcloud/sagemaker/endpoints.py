"""Endpoints: created, updated and deleted in the background, and answering all the while.

An update starts the whole new fleet beside the old one, swaps them in the same step that says ``InService``, lets the
old one answer what it owes, and only then stops it. If the new fleet does not get healthy, the old one just goes on.
The price is AWS's as well: during an update both fleets need memory.
"""

import logging
import random
from functools import partial
from typing import Any

from localcloud.errors import AwsError, ContainerError, ImageError, StoppedError, WorkError
from localcloud.sagemaker import emulated, resource_kinds
from localcloud.sagemaker.fleet import Fleet, Instance, Router, Variant
from localcloud.sagemaker.foundation import Foundation
from localcloud.sagemaker.model_server import ModelServer
from localcloud.sagemaker.models import PENDING, RESOLVED, server_spec
from localcloud.sagemaker.store import Data

_KIND = resource_kinds.ENDPOINT
_IN_PROGRESS = ("Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting")
log = logging.getLogger(__name__)


class Endpoints:
    """The endpoints and their fleets."""

    def __init__(self, foundation: Foundation) -> None:
        self._foundation = foundation
        self.router = Router(random.Random())  # noqa: S311  traffic shares, no secret
        self._reviving: set[ModelServer] = set()

    def create(self, request: Data, region: str) -> Data:
        """CreateEndpoint."""
        emulated.only(request, "EndpointName EndpointConfigName Tags")
        name = request["EndpointName"]
        with self._foundation.store.transaction():
            config = self._foundation.store.get(resource_kinds.ENDPOINT_CONFIG, region, request["EndpointConfigName"])
            data = {**request, "EndpointConfigName": config["EndpointConfigName"], "EndpointStatus": "Creating"}
            row = self._foundation.store.create(_KIND, region, name, data)
        self._foundation.background.start(f"endpoint-{name}", lambda: self._create(region, name, config))
        return row

    def update(self, request: Data, region: str) -> Data:
        """UpdateEndpoint."""
        emulated.only(request, "EndpointName EndpointConfigName RetainAllVariantProperties RetainDeploymentConfig")
        emulated.value(request, "RetainAllVariantProperties", False, (False,))
        emulated.value(request, "RetainDeploymentConfig", False, (False,))
        name = request["EndpointName"]
        with self._foundation.store.transaction():
            self._foundation.store.get(_KIND, region, name)
            config = self._foundation.store.get(resource_kinds.ENDPOINT_CONFIG, region, request["EndpointConfigName"])

            def updating(endpoint: Data) -> Data:
                _refuse_in_progress(endpoint)
                if endpoint["EndpointStatus"] != "InService":
                    arn, status = endpoint["EndpointArn"], endpoint["EndpointStatus"]
                    raise AwsError("ValidationException", f'Cannot update endpoint "{arn}" in status {status}.')
                left = {member: value for member, value in endpoint.items() if member != "FailureReason"}
                return {**left, "EndpointStatus": "Updating", PENDING: config["EndpointConfigName"]}

            row = self._foundation.store.update(_KIND, region, name, updating)
        self._foundation.background.start(f"endpoint-{name}", lambda: self._update(region, name, config))
        return row

    def delete(self, request: Data, region: str) -> None:
        """DeleteEndpoint."""
        name = request["EndpointName"]

        def deleting(endpoint: Data) -> Data:
            _refuse_in_progress(endpoint)
            return {**endpoint, "EndpointStatus": "Deleting"}

        self._foundation.store.update(_KIND, region, name, deleting)
        self._foundation.background.start(f"endpoint-{name}", lambda: self._delete(region, name))

    def revive(self) -> None:
        """Start servers again that ended by themselves, each in its own time, until the local cloud closes."""
        while True:
            self._foundation.background.sleep(self._foundation.delays.revival)
            for server in self.router.servers():
                if not server.ready() and server not in self._reviving:
                    log.warning("server_ended names=%s", "/".join(server.names))
                    self._reviving.add(server)
                    self._foundation.background.start("revival", partial(self._revive, server))

    def close(self) -> None:
        """Stop every server in service."""
        for fleet in self.router.clear():
            self._stop(fleet)

    def _revive(self, server: ModelServer) -> None:
        try:
            server.start(self._foundation.background.closing)
        except ContainerError as error:  # it is tried again at the next look
            log.warning("server_not_started names=%s error=%s", "/".join(server.names), error)
        finally:
            self._reviving.discard(server)

    def _create(self, region: str, name: str, config: Data) -> None:
        try:
            fleet = self._start(region, name, config)
        except (WorkError, ImageError) as error:
            _quiet_if_stopped(error)
            members = {"EndpointStatus": "Failed", "FailureReason": str(error)}
            self._foundation.store.update(_KIND, region, name, lambda row: {**row, **members})
            return
        self._put_in_service(region, name, config, fleet)

    def _update(self, region: str, name: str, config: Data) -> None:
        try:
            fleet = self._start(region, name, config)
        except (WorkError, ImageError) as error:
            _quiet_if_stopped(error)
            members = {"EndpointStatus": "InService", "FailureReason": str(error), PENDING: None}
            self._foundation.store.update(_KIND, region, name, lambda row: {**row, **members})
            return
        self._retire(self._put_in_service(region, name, config, fleet))

    def _delete(self, region: str, name: str) -> None:
        self._retire(self.router.swap(region, name, None))
        self._foundation.store.delete(_KIND, region, name)

    def _put_in_service(self, region: str, name: str, config: Data, fleet: Fleet) -> Fleet:
        members = {
            "EndpointStatus": "InService",
            "EndpointConfigName": config["EndpointConfigName"],
            "ProductionVariants": [self._summary(variant, region) for variant in config["ProductionVariants"]],
            PENDING: None,
        }
        with self._foundation.store.transaction():
            if self._foundation.background.closing.is_set():
                self._stop(fleet)
                raise StoppedError("the local cloud is closing")
            old = self.router.swap(region, name, fleet)
            self._foundation.store.update(_KIND, region, name, lambda row: {**row, **members})
        return old

    def _start(self, region: str, name: str, config: Data) -> Fleet:
        """Start a fleet; all of it is healthy when this returns, none of it is left when it raises."""
        self._foundation.background.sleep(self._foundation.delays.endpoint_start)
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
        model = self._foundation.store.find(resource_kinds.MODEL, region, variant["ModelName"])
        if model is None:
            raise WorkError(f"Could not find model {variant['ModelName']}")
        seconds = variant.get("ContainerStartupHealthCheckTimeoutInSeconds")
        names = ("endpoints", region, name, f"{variant['VariantName']}-{number}")
        spec = server_spec(self._foundation, region, model, names, ping_deadline=seconds)
        return ModelServer(self._foundation.containers, spec)

    def _start_server(self, server: ModelServer, region: str, variant: Data) -> None:
        try:
            server.load(self._foundation.objects(region))
            server.start(self._foundation.background.closing)
        except StoppedError:
            raise
        except WorkError as error:
            raise WorkError(
                f"The primary container for production variant {variant['VariantName']} could not be started: {error}. "
                "Please check the logs for this endpoint."
            ) from error

    def _summary(self, variant: Data, region: str) -> dict[str, Any]:
        model = self._foundation.store.find(resource_kinds.MODEL, region, variant["ModelName"]) or {}
        image = model.get(RESOLVED, {}).get("Image", "")
        weight, count = variant["InitialVariantWeight"], variant["InitialInstanceCount"]
        deployed = {"SpecifiedImage": image, "ResolvedImage": image, "ResolutionTime": self._foundation.now()}
        return {
            "VariantName": variant["VariantName"],
            "DeployedImages": [deployed],
            "CurrentWeight": weight,
            "DesiredWeight": weight,
            "CurrentInstanceCount": count,
            "DesiredInstanceCount": count,
        }

    def _retire(self, fleet: Fleet) -> None:
        self.router.drain(fleet, self._foundation.limits.invocation, self._foundation.background.closing)
        self._stop(fleet)

    def _stop(self, fleet: Fleet) -> None:
        for server in fleet.servers:
            server.stop(self._foundation.limits.server_stop)


def _refuse_in_progress(endpoint: Data) -> None:
    if endpoint["EndpointStatus"] in _IN_PROGRESS:
        raise AwsError("ValidationException", f'Cannot update in-progress endpoint "{endpoint["EndpointArn"]}".')


def _quiet_if_stopped(error: Exception) -> None:
    if isinstance(error, StoppedError):
        raise error
