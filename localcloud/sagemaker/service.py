"""The local SageMaker: which operation is done where, from a request's bytes to an answer's."""

import random
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from localcloud import emulated
from localcloud.clock import Clock
from localcloud.database import Database
from localcloud.faults import Faults
from localcloud.processes import Processes
from localcloud.protocol import parse, render
from localcloud.publish import Publish
from localcloud.sagemaker import endpoints, models, packages, resource_kinds, tags, visibility
from localcloud.sagemaker.background import Background
from localcloud.sagemaker.capture import Captures
from localcloud.sagemaker.containers import Containers
from localcloud.sagemaker.foundation import Foundation
from localcloud.sagemaker.invocation_metrics import InvocationMetrics, Record
from localcloud.sagemaker.jobs import Jobs
from localcloud.sagemaker.listing import LISTINGS, page
from localcloud.sagemaker.log_shipping import Append, LogShipping
from localcloud.sagemaker.processing import Processing
from localcloud.sagemaker.resource_kinds import Kind
from localcloud.sagemaker.runtime import InvokeAnswer, invoke
from localcloud.sagemaker.store import Data, Store
from localcloud.sagemaker.training import Training
from localcloud.sagemaker.transform import Transform
from localcloud.sagemaker.tuning import Tuning
from localcloud.settings import Settings

_SERVICE = "sagemaker"
Operation = Callable[[Data, str], Data | None]


def _nowhere(*_: object) -> None:
    """Record no metric."""


def _new_id() -> str:
    return str(uuid.uuid4())


class SageMaker:
    """Control plane and runtime; `start` needs the address where S3 is reached."""

    def __init__(
        self,
        settings: Settings,
        *,
        publish: Publish,
        processes: Processes,
        clock: Clock,
        database: Database,
        faults: Faults,
        append: Append,
        record: Record = _nowhere,
    ) -> None:
        self._settings = settings
        self._processes = processes
        self._background = Background(clock)
        self._store = Store(database, publish=publish, now=clock.now)
        self._foundation = Foundation(
            self._store,
            self._background,
            Containers(settings, processes),
            settings.limits,
            settings.delays,
            clock,
            faults,
            LogShipping(database, append, clock.now, settings.state / "logs" / "sagemaker"),
        )
        self._training = Training(self._foundation)
        self._jobs = Jobs(
            self._store,
            self._background,
            [self._training, Processing(self._foundation), Transform(self._foundation)],
            shipping=self._foundation.shipping,
            clock=clock,
            faults=faults,
            limits=settings.limits,
        )
        self._captures = Captures(self._foundation, random.Random(), _new_id)  # noqa: S311  a sample, no secret
        self._endpoints = endpoints.Endpoints(self._foundation, self._captures)
        self._tuning = Tuning(self._foundation, self._jobs, self._training, random.Random())  # noqa: S311  seeds, no secret
        self._metrics = InvocationMetrics(
            record,
            self._background,
            settings.delays.invocation_metrics,
            time.monotonic,
            transaction=self._store.transaction,
        )
        self._operations = self._table()

    def start(self, endpoint_url: str) -> None:
        """Begin to work; ``endpoint_url`` is where S3 answers."""
        self._foundation.endpoint_url = endpoint_url
        self._foundation.containers.remove_all()
        self._jobs.start()
        packages.resume(self._foundation)
        self._endpoints.start()
        self._background.keep(
            "log-shipping",
            partial(self._foundation.shipping.run, self._background.pause, self._settings.delays.job_watch),
        )
        self._background.keep("capture", self._captures.run)
        self._background.keep("tuning", self._tuning.run)
        self._background.keep("metrics", self._metrics.run)

    def stop(self) -> None:
        """End every job, server and thread."""
        self._background.closing.set()
        self._processes.hurry(self._settings.limits.closing_grace)
        self._jobs.close()
        self._endpoints.close()
        self._background.close(self._settings.limits.closing)
        self._captures.close()
        self._metrics.flush()
        self._foundation.close()

    def handle(self, operation: str, body: bytes, region: str) -> tuple[int, bytes]:
        """Do one operation.

        Raises
        ------
        AwsError
            As AWS would answer; 501 for an operation that is not emulated.
        """
        do = self._operations.get(operation)
        if do is None:
            raise emulated.unknown(f"{_SERVICE}.{operation}")
        answer = do(parse(_SERVICE, operation, body), region)
        return 200, render(_SERVICE, operation, answer or {})

    def invoke(self, endpoint_name: str, headers: Mapping[str, str], body: bytes, region: str) -> InvokeAnswer:
        """InvokeEndpoint; raises AwsError."""
        return invoke(
            self._endpoints.router,
            self._captures,
            self._metrics,
            self._settings.limits,
            endpoint=endpoint_name,
            headers=headers,
            body=body,
            region=region,
            now=self._foundation.now,
            new_id=_new_id,
        )

    def interruptible(self) -> Sequence[tuple[str, str]]:
        """Return the regions and names of the managed spot training jobs that train."""
        return self._training.interruptions.possible()

    def interrupt(self, region: str, job_name: str) -> None:
        """Take the instances of a managed spot training job away; raises AdminError if none of that name trains."""
        self._training.interruptions.interrupt(region, job_name)

    def _table(self) -> Mapping[str, Operation]:
        foundation = self._foundation
        on_foundation: dict[str, Callable[[Foundation, Data, str], Data | None]] = {
            "CreateModel": models.create_model,
            "CreateEndpointConfig": models.create_endpoint_config,
            "DeleteEndpointConfig": models.delete_endpoint_config,
            "CreateModelPackageGroup": packages.create_group,
            "DeleteModelPackageGroup": packages.delete_group,
            "CreateModelPackage": packages.create_package,
            "UpdateModelPackage": packages.update_package,
            "DeleteModelPackage": packages.delete_package,
            "AddTags": tags.add_tags,
            "DeleteTags": tags.delete_tags,
            "ListTags": tags.list_tags,
        }
        table: dict[str, Operation] = {name: partial(do, foundation) for name, do in on_foundation.items()}
        for work in self._jobs.works:
            name = work.kind.prefix
            table[f"Create{name}"] = partial(self._jobs.create, work)
            table[f"Stop{name}"] = partial(self._stop_job, work.kind)
        for kind in (
            *resource_kinds.JOBS,
            resource_kinds.MODEL,
            resource_kinds.ENDPOINT_CONFIG,
            resource_kinds.ENDPOINT,
            resource_kinds.MODEL_PACKAGE_GROUP,
        ):
            table[f"Describe{kind.prefix}"] = partial(self._describe, kind)
        for operation in LISTINGS:
            table[operation] = partial(self._list, operation)
        table["DescribeModelPackage"] = lambda request, region: packages.package_of(
            self._store, region, request["ModelPackageName"]
        )
        table["DeleteModel"] = lambda request, region: self._store.delete(
            resource_kinds.MODEL, region, request["ModelName"]
        )
        table["CreateHyperParameterTuningJob"] = self._tuning.create
        table["DescribeHyperParameterTuningJob"] = self._tuning.describe
        table["ListHyperParameterTuningJobs"] = self._tuning.list_jobs
        table["ListTrainingJobsForHyperParameterTuningJob"] = self._tuning.list_training_jobs
        table["StopHyperParameterTuningJob"] = self._tuning.stop
        table["CreateEndpoint"] = self._endpoints.create
        table["UpdateEndpoint"] = self._endpoints.update
        table["UpdateEndpointWeightsAndCapacities"] = self._endpoints.update_weights_and_capacities
        table["DeleteEndpoint"] = self._endpoints.delete
        return table

    def _describe(self, kind: Kind, request: Data, region: str) -> Data:
        return visibility.get(self._foundation, kind, region, request[kind.name].rpartition("/")[2])

    def _stop_job(self, kind: Kind, request: Data, region: str) -> None:
        self._jobs.stop(kind, region, request[kind.name])

    def _list(self, operation: str, request: Data, region: str) -> Data:
        listing = LISTINGS[operation]
        return page(listing, visibility.of(self._foundation, self._store.list(listing.kind, region)), request)
