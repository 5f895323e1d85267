"""Endpoints: created, updated and deleted in the background, and answering all the while.

An update starts the whole new fleet beside the old one, swaps them in the same step that says ``InService``, lets the
old one answer what it owes, and only then stops it. If the new fleet does not get healthy, the old one just goes on.
The price is AWS's as well: during an update both fleets need memory.
"""

import logging
import random
import threading
from collections.abc import Sequence
from typing import Any

from localcloud import emulated
from localcloud.errors import AwsError, ImageError, StoppedError, WorkError
from localcloud.sagemaker import capacities, capture_config, quotas, resource_kinds, serverless, visibility
from localcloud.sagemaker.capture import Captures
from localcloud.sagemaker.fleet import Fleet, Instance, Router
from localcloud.sagemaker.foundation import Foundation
from localcloud.sagemaker.launching import Launcher
from localcloud.sagemaker.models import CHOSEN, PENDING, RESOLVED
from localcloud.sagemaker.revival import Revival
from localcloud.sagemaker.store import Change, Data

_KIND = resource_kinds.ENDPOINT
_SETTLED = {PENDING: None, CHOSEN: None}
_RESUMED = ("Creating", "Updating", "Deleting", "InService")
_IN_PROGRESS = ("Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting")
log = logging.getLogger(__name__)


class Endpoints:
    """The endpoints and their fleets."""

    def __init__(self, foundation: Foundation, captures: Captures) -> None:
        self._foundation = foundation
        self._captures = captures
        self.router = Router(random.Random())  # noqa: S311  traffic shares, no secret
        self._launcher = Launcher(foundation)
        self._revival = Revival(self.router, foundation.background, foundation.delays.revival)

    def start(self) -> None:
        """Take up the endpoints that a local cloud left when it ended, and watch over the servers from now on."""
        for region, endpoint in self._foundation.store.everywhere(_KIND):
            if endpoint["EndpointStatus"] in _RESUMED:
                self._resume(region, endpoint)
        self._foundation.background.keep("revive", self._revival.run)

    def create(self, request: Data, region: str) -> Data:
        """CreateEndpoint."""
        emulated.only(request, "EndpointName EndpointConfigName Tags")
        name = request["EndpointName"]
        with self._foundation.store.transaction():
            config = visibility.get(
                self._foundation, resource_kinds.ENDPOINT_CONFIG, region, request["EndpointConfigName"]
            )
            quotas.check_count(self._foundation.limits, _KIND, self._foundation.store.list(_KIND, region))
            data = {**request, "EndpointConfigName": config["EndpointConfigName"], "EndpointStatus": "Creating"}
            row = self._foundation.store.create(_KIND, region, name, data)
        self._foundation.background.start(f"endpoint-{name}", lambda: self._create(region, name, config))
        return row

    def update(self, request: Data, region: str) -> Data:
        """UpdateEndpoint."""
        emulated.only(
            request,
            "EndpointName EndpointConfigName RetainAllVariantProperties ExcludeRetainedVariantProperties "
            "RetainDeploymentConfig",
        )
        emulated.value(request, "RetainDeploymentConfig", False, (False,))
        name = request["EndpointName"]
        with self._foundation.store.transaction():
            self._foundation.store.get(_KIND, region, name)
            config = visibility.get(
                self._foundation, resource_kinds.ENDPOINT_CONFIG, region, request["EndpointConfigName"]
            )

            def updating(endpoint: Data) -> Data:
                left = _refuse_unless_in_service(endpoint)
                chosen = capacities.applied(config, endpoint["ProductionVariants"], capacities.retained(request))
                pending = {PENDING: config["EndpointConfigName"], CHOSEN: chosen}
                return {**left, "EndpointStatus": "Updating", **pending}

            row = self._foundation.store.update(_KIND, region, name, updating)
        self._foundation.background.start(f"endpoint-{name}", lambda: self._update(region, name, row[CHOSEN]))
        return row

    def update_weights_and_capacities(self, request: Data, region: str) -> Data:
        """UpdateEndpointWeightsAndCapacities."""
        wishes = capacities.read(request)
        name = request["EndpointName"]
        with self._foundation.store.transaction():

            def updating(endpoint: Data) -> Data:
                left = _refuse_unless_in_service(endpoint)
                return {
                    **left,
                    "EndpointStatus": "Updating",
                    "ProductionVariants": capacities.wanted(endpoint, wishes),
                }

            row = self._foundation.store.update(_KIND, region, name, updating)
            resized = capacities.applied(self._config(region, row), row["ProductionVariants"])
        self._foundation.background.start(f"endpoint-{name}", lambda: self._resize(region, name, resized))
        return row

    def delete(self, request: Data, region: str) -> None:
        """DeleteEndpoint."""
        name = request["EndpointName"]

        def deleting(endpoint: Data) -> Data:
            _refuse_in_progress(endpoint)
            return {**endpoint, "EndpointStatus": "Deleting"}

        self._foundation.store.update(_KIND, region, name, deleting)
        self._foundation.background.start(f"endpoint-{name}", lambda: self._delete(region, name))

    def close(self) -> None:
        """Stop every server in service."""
        fleets = self.router.clear()
        for fleet in fleets:
            self._launcher.stop(fleet.instances)
        for fleet in fleets:  # an answer that came just before is still to be captured
            self.router.drain(fleet.instances, self._foundation.limits.closing_grace, threading.Event())

    def _resume(self, region: str, endpoint: Data) -> None:
        """Go on with an endpoint: what it served it serves again, and then what was asked of it is done."""
        name = endpoint["EndpointName"]
        log.info("endpoint_resumed region=%s name=%s status=%s", region, name, endpoint["EndpointStatus"])
        if endpoint["EndpointStatus"] == "Deleting":
            self._foundation.background.start(f"endpoint-{name}", lambda: self._delete(region, name))
        elif endpoint["EndpointStatus"] == "Creating":
            config = self._config(region, endpoint)
            self._foundation.background.start(f"endpoint-{name}", lambda: self._create(region, name, config))
        else:
            self.router.expect(region, name)
            self._foundation.background.start(f"endpoint-{name}", lambda: self._serve_again(region, name, endpoint))

    def _serve_again(self, region: str, name: str, endpoint: Data) -> None:
        config = self._config(region, endpoint)
        current = capacities.applied(config, endpoint["ProductionVariants"], values="Current")
        fleet = self._launch_again(region, name, current)
        self.router.swap(region, name, fleet)
        if endpoint.get(CHOSEN) is not None:
            self._update(region, name, endpoint[CHOSEN])
        elif endpoint["EndpointStatus"] == "Updating":
            self._resize(region, name, capacities.applied(config, endpoint["ProductionVariants"]))
        elif not fleet.variants:
            self._foundation.background.keep(f"endpoint-{name}", lambda: self._try_again(region, name, current, fleet))

    def _try_again(self, region: str, name: str, config: Data, empty: Fleet) -> None:
        """Launch the fleet of an endpoint in service that has none, until it stands or another one is there."""
        while self.router.fleet(region, name) is empty:
            self._foundation.background.pause(self._foundation.delays.revival)
            fleet = self._launch_again(region, name, config)
            if fleet.variants and not self.router.replace(region, name, empty, fleet):
                self._launcher.stop(fleet.instances)

    def _launch_again(self, region: str, name: str, config: Data) -> Fleet:
        try:
            return self._launcher.launch(region, name, config)
        except (WorkError, ImageError) as error:
            _quiet_if_stopped(error)
            log.warning("endpoint_not_resumed region=%s name=%s error=%s", region, name, error)
            return Fleet()

    def _config(self, region: str, endpoint: Data) -> Data:
        return self._foundation.store.get(resource_kinds.ENDPOINT_CONFIG, region, endpoint["EndpointConfigName"])

    def _create(self, region: str, name: str, config: Data) -> None:
        try:
            fleet = self._launch(region, name, config)
        except (WorkError, ImageError) as error:
            _quiet_if_stopped(error)
            members = {"EndpointStatus": "Failed", "FailureReason": str(error)}
            self._change(region, name, lambda row: {**row, **members})
            return
        self._put_in_service(region, name, fleet, lambda row: self._serving(row, region, config))

    def _update(self, region: str, name: str, config: Data) -> None:
        try:
            fleet = self._launch(region, name, config)
        except (WorkError, ImageError) as error:
            _quiet_if_stopped(error)
            reason = {"FailureReason": str(error)} if str(error) else {}
            members = {"EndpointStatus": "InService", **reason, **_SETTLED}
            self._change(region, name, lambda row: {**row, **members})
            return
        self._retire(
            self._put_in_service(region, name, fleet, lambda row: self._serving(row, region, config)).instances
        )

    def _launch(self, region: str, name: str, config: Data) -> Fleet:
        """Launch a fleet, unless it is to fail on request: with a reason, or silently as AWS has been seen to."""
        fault = self._foundation.faults.of_endpoint(name)
        if fault is None:
            return self._launcher.launch(region, name, config)
        if fault.after:
            self._launcher.stop(self._launcher.launch(region, name, config).instances)
        raise WorkError("" if fault.outcome == "SilentRollback" else fault.reason)

    def _resize(self, region: str, name: str, config: Data) -> None:
        """Swap a fleet for one of the same servers, more or fewer, in other shares."""
        now = self.router.fleet(region, name)
        try:
            fleet = self._launcher.launch(region, name, config, now)
        except (WorkError, ImageError) as error:
            _quiet_if_stopped(error)
            reason = str(error)
            self._change(region, name, lambda row: capacities.given_up(row, reason))
            return
        self._put_in_service(region, name, fleet, capacities.reached)
        self._retire([instance for instance in now.instances if instance not in fleet.instances])

    def _delete(self, region: str, name: str) -> None:
        self._retire(self.router.swap(region, name, None).instances)
        self._captures.finish(region, name)
        self._foundation.background.insist(lambda: self._foundation.store.delete(_KIND, region, name))

    def _put_in_service(self, region: str, name: str, fleet: Fleet, change: Change) -> Fleet:
        """Let a fleet answer, and then Describe say so; returns the fleet before."""
        if self._foundation.background.closing.is_set():
            self._launcher.stop(fleet.instances)
            raise StoppedError("the local cloud is closing")
        old = self.router.swap(region, name, fleet)
        self._change(region, name, change)
        return old

    def _change(self, region: str, name: str, change: Change) -> None:
        store = self._foundation.store
        self._foundation.background.insist(lambda: store.update(_KIND, region, name, change))

    def _serving(self, row: Data, region: str, config: Data) -> Data:
        return {
            **{member: value for member, value in row.items() if member != "DataCaptureConfig"},
            **({"DataCaptureConfig": capture} if (capture := capture_config.summary(config)) else {}),
            "EndpointStatus": "InService",
            "EndpointConfigName": config["EndpointConfigName"],
            "ProductionVariants": [self._summary(variant, region) for variant in config["ProductionVariants"]],
            **_SETTLED,
        }

    def _summary(self, variant: Data, region: str) -> dict[str, Any]:
        model = self._foundation.store.find(resource_kinds.MODEL, region, variant["ModelName"]) or {}
        image = model.get(RESOLVED, {}).get("Image", "")
        weight = variant["InitialVariantWeight"]
        deployed = {"SpecifiedImage": image, "ResolvedImage": image, "ResolutionTime": self._foundation.now()}
        return {
            "VariantName": variant["VariantName"],
            "DeployedImages": [deployed],
            "CurrentWeight": weight,
            "DesiredWeight": weight,
            **serverless.capacity(variant),
        }

    def _retire(self, instances: Sequence[Instance]) -> None:
        self.router.drain(instances, self._foundation.limits.invocation, self._foundation.background.closing)
        self._launcher.stop(instances)


def _refuse_in_progress(endpoint: Data) -> None:
    if endpoint["EndpointStatus"] in _IN_PROGRESS:
        raise AwsError("ValidationException", f'Cannot update in-progress endpoint "{endpoint["EndpointArn"]}".')


def _refuse_unless_in_service(endpoint: Data) -> Data:
    """Return an endpoint that may change, without the reason why its last change failed."""
    _refuse_in_progress(endpoint)
    if endpoint["EndpointStatus"] != "InService":
        arn, status = endpoint["EndpointArn"], endpoint["EndpointStatus"]
        raise AwsError("ValidationException", f'Cannot update endpoint "{arn}" in status {status}.')
    return {member: value for member, value in endpoint.items() if member != "FailureReason"}


def _quiet_if_stopped(error: Exception) -> None:
    if isinstance(error, StoppedError):
        raise error
