"""The servers of a fleet, started and stopped: all that it lacks is healthy, or nothing that was started is left.

A fleet may take over instances of the fleet that answers now, so new weights start nothing and new instance counts
only what is missing. The price: servers start one after the other, so that two cores are not asked for all at once.
"""

from collections.abc import Iterable

from localcloud.errors import ImageError, StoppedError, WorkError
from localcloud.sagemaker import resource_kinds
from localcloud.sagemaker.capture_config import CaptureSpec
from localcloud.sagemaker.fleet import Fleet, Instance, Variant
from localcloud.sagemaker.foundation import Foundation
from localcloud.sagemaker.model_server import ModelServer
from localcloud.sagemaker.models import server_spec
from localcloud.sagemaker.store import Data


class Launcher:
    """Starts and stops the servers of endpoints."""

    def __init__(self, foundation: Foundation) -> None:
        self._foundation = foundation

    def launch(
        self,
        region: str,
        name: str,
        config: Data,
        taken_over: Fleet | None = None,
    ) -> Fleet:
        """Return a fleet for an endpoint's ``config``, in which the instances of a fleet ``taken_over`` come first.

        Raises
        ------
        WorkError, ImageError
            If a server did not get healthy; those started with it are stopped again.
        """
        self._foundation.background.sleep(self._foundation.delays.endpoint_start)
        before = {} if taken_over is None else taken_over.variants
        started: list[Instance] = []
        fleet: dict[str, Variant] = {}
        try:
            for variant in config["ProductionVariants"]:
                variant_name, count = variant["VariantName"], variant["InitialInstanceCount"]
                instances = list(before[variant_name].instances[:count]) if variant_name in before else []
                for number in range(len(instances), count):
                    instances.append(Instance(self._new_server(region, name, variant, number)))
                    self._foundation.shipping.follow(*instances[-1].server.names)
                    started.append(instances[-1])
                    self._start_server(instances[-1].server, region, variant)
                fleet[variant_name] = Variant(variant_name, variant["InitialVariantWeight"], tuple(instances))
        except (WorkError, ImageError):
            self.stop(started)
            raise
        return Fleet(fleet, CaptureSpec.parse(config))

    def stop(self, instances: Iterable[Instance]) -> None:
        """Stop servers."""
        for instance in instances:
            instance.server.stop(self._foundation.limits.server_stop)
            self._foundation.shipping.finish(*instance.server.names)

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
