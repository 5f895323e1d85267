"""Batch transform jobs: every object of a prefix or manifest goes through the model's own server.

Of several instances each has a server, and its share of the objects: they are dealt in turn, in the order of their
keys. An object that cannot be transformed fails the job, after all the others were tried (SageMaker Developer Guide,
"Batch Transform Errors"); the reason is that of the first one. What happens to one object is in
`localcloud.sagemaker.object_transform`.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass

from localcloud.errors import StoppedError, WorkError
from localcloud.sagemaker import resource_kinds
from localcloud.sagemaker.data_processing import DataProcessing
from localcloud.sagemaker.foundation import Foundation
from localcloud.sagemaker.host_names import host_names
from localcloud.sagemaker.jobs import Ending, Job
from localcloud.sagemaker.model_server import ModelServer
from localcloud.sagemaker.models import server_spec
from localcloud.sagemaker.object_transform import ObjectTransform
from localcloud.sagemaker.objects import Listed, Location, Objects
from localcloud.sagemaker.store import Data
from localcloud.sagemaker.transform_request import MOST_IN_FLIGHT_MB, batch_settings, environment, read_request

_Failures = dict[int, WorkError]  # by the object's place in the order of all


@dataclass(frozen=True)
class Instance:
    """One instance: its server, and which of the objects are its share."""

    server: ModelServer
    share: slice


class Transform:
    """The work of transform jobs."""

    kind = resource_kinds.TRANSFORM_JOB

    def __init__(self, foundation: Foundation) -> None:
        self._foundation = foundation

    def read(self, request: Data, region: str) -> Data:
        """Refuse what is not emulated; return the data of a new job."""
        data = read_request(request)
        self._foundation.store.get(resource_kinds.MODEL, region, request["ModelName"])
        return data

    def run(self, job: Job) -> Ending:
        """Do the work of one job."""
        job.sleep(self._foundation.delays.job_start)
        data = self._foundation.store.get(self.kind, job.region, job.name)
        objects = self._foundation.objects(job.region)
        instances = self._instances(job, data)
        try:
            listed = _listed(data, objects)
            for instance in instances:
                instance.server.load(objects)
            failures = self._serve(job, data, instances, objects, listed)
            self._foundation.background.sleep(self._foundation.delays.job_end)
        finally:
            for instance in instances:
                instance.server.stop(0)
        if failures:
            raise failures[min(failures)]
        return Ending("Stopped" if job.stopping.is_set() else "Completed")

    def again(self, data: Data) -> Data:
        """Return the data as they were before the work began."""
        left = ("TransformStartTime", "TransformEndTime")
        return {name: value for name, value in data.items() if name not in left}

    def stopping(self, data: Data) -> Data:
        """Change nothing: there are no secondary states."""
        return data

    def ended(self, data: Data, ending: Ending) -> Data:  # noqa: ARG002  the protocol of all kinds
        """Nothing more changes at the end."""
        return data

    def _instances(self, job: Job, data: Data) -> list[Instance]:
        model = self._foundation.store.get(resource_kinds.MODEL, job.region, data["ModelName"])
        count = data["TransformResources"]["InstanceCount"]
        instances = []
        for number, host in enumerate(host_names(count)):
            names = ("transform-jobs", job.region, job.name if count == 1 else f"{job.name}.{host}")
            spec = server_spec(self._foundation, job.region, model, names, env=environment(data))
            instances.append(Instance(ModelServer(self._foundation.containers, spec), slice(number, None, count)))
        return instances

    def _serve(
        self, job: Job, data: Data, instances: Sequence[Instance], objects: Objects, listed: Sequence[Listed]
    ) -> _Failures:
        """Transform every object; from just before the servers start until they have ended is the job's time."""
        job.sleep(0)
        self._set(job, TransformStartTime=self._foundation.now())
        try:
            for instance in instances:
                instance.server.start(job.stopping)
            with ThreadPoolExecutor(len(instances), thread_name_prefix="sagemaker-transform") as pool:
                each = [pool.submit(self._share, job, data, instance, objects, listed) for instance in instances]
                return {place: error for done in each for place, error in done.result().items()}
        finally:  # also ends what is in flight, so that the pools' threads end
            for instance in instances:
                instance.server.stop(self._foundation.limits.server_stop)
            self._set(job, TransformEndTime=self._foundation.now())

    def _share(self, job: Job, data: Data, instance: Instance, objects: Objects, listed: Sequence[Listed]) -> _Failures:
        """Transform one instance's share of the objects; what failed. Raises StoppedError."""
        failures: _Failures = {}
        with ExitStack() as stack:
            work = self._foundation.containers.new_base("transform-data", job.region, job.name)
            stack.callback(self._foundation.containers.remove_base, work)
            pool = stack.enter_context(ThreadPoolExecutor(MOST_IN_FLIGHT_MB, thread_name_prefix="sagemaker-transform"))
            stack.callback(instance.server.stop, self._foundation.limits.server_stop)
            each = ObjectTransform(
                job,
                data,
                objects,
                work,
                instance.server,
                pool,
                batch_settings(data, instance.server),
                DataProcessing.parse(data),
            )
            for place in range(len(listed))[instance.share]:
                try:
                    each.transform(listed[place])
                except StoppedError:
                    raise
                except WorkError as error:
                    failures[place] = error
                    if not instance.server.ready():
                        break
        return failures

    def _set(self, job: Job, **members: object) -> None:
        self._foundation.store.update(self.kind, job.region, job.name, lambda data: {**data, **members})


def _listed(data: Data, objects: Objects) -> list[Listed]:
    source = data["TransformInput"]["DataSource"]["S3DataSource"]
    location = Location.parse(source["S3Uri"])
    found = objects.listed(location, source["S3DataType"])
    if not found:
        raise WorkError(f'ClientError: No S3 objects found under S3 URL "{location}"')
    return found
