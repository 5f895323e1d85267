"""Batch transform jobs: every object under a prefix goes through the model's own server, cut into requests as asked.

An object's output appears only when the whole object is done, under its name below the prefix and ``.out``. With
``AssembleWith`` Line a newline follows every answer, also one that ends with a newline itself, as SageMaker's own
local mode does. The price of the order of the output: the answers to one object's requests in flight are held in
memory.
"""

import contextlib
import json
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localcloud.errors import AwsError, ContainerError, StoppedError, WorkError
from localcloud.sagemaker import emulated, resource_kinds
from localcloud.sagemaker.foundation import Foundation
from localcloud.sagemaker.jobs import Ending, Job
from localcloud.sagemaker.model_server import ModelServer
from localcloud.sagemaker.models import server_spec
from localcloud.sagemaker.objects import Location, Objects, relative_name
from localcloud.sagemaker.splitting import multi_records, single_records
from localcloud.sagemaker.store import Data

_MB = 1 << 20
_SUCCESS = range(200, 300)
_SERVER_ERROR = 500
_MOST_IN_FLIGHT_MB = 100  # a rule of the API, and so the most requests in flight: each is 1 MB at least
_DEFAULTS: dict[str, Any] = {"MaxConcurrentTransforms": 1, "MaxPayloadInMB": 6, "BatchStrategy": "MultiRecord"}
_STRATEGIES = {"SingleRecord": "SINGLE_RECORD", "MultiRecord": "MULTI_RECORD"}
_TIMEOUT = 600  # seconds for one answer: AWS's default, which a request changes with ModelClientConfig, as the next
_RETRIES = 3
_PARAMETERS_TIMEOUT = 2.0  # ours: a container that has no opinion must not hold the job up
_QUOTED = 200  # characters of a container's error that a FailureReason quotes


@dataclass(frozen=True)
class BatchSettings:
    """How objects are cut (bytes) and how many requests are in flight."""

    strategy: str
    max_payload: int
    concurrent: int


class Transform:
    """The work of transform jobs."""

    kind = resource_kinds.TRANSFORM_JOB

    def __init__(self, foundation: Foundation) -> None:
        self._foundation = foundation

    def read(self, request: Data, region: str) -> Data:
        """Refuse what is not emulated; return the data of a new job."""
        emulated.only(
            request,
            "TransformJobName ModelName MaxConcurrentTransforms ModelClientConfig MaxPayloadInMB BatchStrategy "
            "Environment TransformInput TransformOutput TransformResources Tags ExperimentConfig",
        )
        _read_input(request["TransformInput"])
        output = request["TransformOutput"]
        emulated.only(output, "S3OutputPath Accept AssembleWith KmsKeyId", "TransformOutput.")
        emulated.value(output, "AssembleWith", "None", ("None", "Line"), "TransformOutput.")
        Location.parse(output["S3OutputPath"])
        resources = request["TransformResources"]
        emulated.only(resources, "InstanceType InstanceCount VolumeKmsKeyId", "TransformResources.")
        emulated.value(resources, "InstanceCount", 1, (1,), "TransformResources.")
        if request.get("MaxPayloadInMB") == 0:
            raise emulated.refusal("MaxPayloadInMB=0")
        if request.get("MaxConcurrentTransforms") == 0:
            request = {name: value for name, value in request.items() if name != "MaxConcurrentTransforms"}
        self._foundation.store.get(resource_kinds.MODEL, region, request["ModelName"])
        settings = {name: request.get(name, default) for name, default in _DEFAULTS.items()}
        if settings["MaxConcurrentTransforms"] * settings["MaxPayloadInMB"] > _MOST_IN_FLIGHT_MB:
            raise AwsError("ValidationException", "MaxConcurrentTransforms * MaxPayloadInMB must not exceed 100 MB")
        return request

    def run(self, job: Job) -> Ending:
        """Do the work of one job."""
        job.sleep(self._foundation.delays.job_start)
        data = self._foundation.store.get(self.kind, job.region, job.name)
        model = self._foundation.store.get(resource_kinds.MODEL, job.region, data["ModelName"])
        objects = self._foundation.objects(job.region)
        names = ("transform-jobs", job.region, job.name)
        spec = server_spec(self._foundation, job.region, model, names, env=_environment(data))
        work = self._foundation.containers.new_base("transform-data", job.region, job.name)
        server = ModelServer(self._foundation.containers, spec)
        try:
            keys = list(objects.keys(_source(data)))
            if not keys:
                raise WorkError(f'ClientError: No S3 objects found under S3 URL "{_source(data)}"')
            server.load(objects)
            with ThreadPoolExecutor(_MOST_IN_FLIGHT_MB, thread_name_prefix="sagemaker-transform") as pool:
                self._serve(job, data, server, ObjectTransform(job, data, objects, work, server, pool), keys)
            self._foundation.background.sleep(self._foundation.delays.job_end)
        finally:
            server.stop(0)
            self._foundation.containers.remove_base(work)
        return Ending("Stopped" if job.stopping.is_set() else "Completed")

    def again(self, data: Data) -> Data:
        """Return the data as they were before the work began."""
        left = ("TransformStartTime", "TransformEndTime")
        return {name: value for name, value in data.items() if name not in left}

    def ended(self, data: Data, ending: Ending) -> Data:  # noqa: ARG002  the protocol of all kinds
        """Nothing more changes at the end."""
        return data

    def _serve(self, job: Job, data: Data, server: ModelServer, each: "ObjectTransform", keys: list[str]) -> None:
        """Transform every object; from just before the server starts until it has ended is the job's time."""
        job.sleep(0)
        self._set(job, TransformStartTime=self._foundation.now())
        try:
            server.start(job.stopping)
            settings = _settings(data, server)
            for key in keys:
                each.transform(key, settings)
        finally:  # also ends what is in flight, so that the pool's threads end
            server.stop(self._foundation.limits.server_stop)
            self._set(job, TransformEndTime=self._foundation.now())

    def _set(self, job: Job, **members: object) -> None:
        self._foundation.store.update(self.kind, job.region, job.name, lambda data: {**data, **members})


@dataclass(frozen=True)
class ObjectTransform:
    """Transforms the objects of one job, one after the other."""

    job: Job
    data: Data
    objects: Objects
    work: Path
    server: ModelServer
    pool: ThreadPoolExecutor

    def transform(self, key: str, settings: BatchSettings) -> None:
        """Send an object's requests and store the answers as one object."""
        source, output = _source(self.data), self.data["TransformOutput"]
        copy, result = self.work / "input", self.work / "output"
        self.objects.download(Location(source.bucket, key), copy)
        ending = b"\n" if output.get("AssembleWith") == "Line" else b""
        with copy.open("rb") as lines, result.open("wb") as file:
            for answer in self._answers(self._requests(lines, copy, settings), settings, key):
                file.write(answer + ending)
        name = relative_name(source.key, key)
        self.objects.upload(result, Location.parse(output["S3OutputPath"]).below(f"{name}.out"))
        copy.unlink()
        result.unlink()

    def _requests(self, lines: Iterable[bytes], copy: Path, settings: BatchSettings) -> Iterator[bytes]:
        if self.data["TransformInput"].get("SplitType", "None") == "None":
            whole = [copy.read_bytes()] if copy.stat().st_size else []
            return single_records(whole, settings.max_payload)
        split = single_records if settings.strategy == "SingleRecord" else multi_records
        return split(lines, settings.max_payload)

    def _answers(self, requests: Iterator[bytes], settings: BatchSettings, key: str) -> Iterator[bytes]:
        """Yield the answers in the order of the requests, of which so many as allowed are in flight."""
        flight: deque[Future[bytes]] = deque()
        for request in requests:
            flight.append(self.pool.submit(self._ask, request, key))
            if len(flight) >= settings.concurrent:
                yield self._result(flight.popleft())
        while flight:
            yield self._result(flight.popleft())

    def _result(self, future: "Future[bytes]") -> bytes:
        while not self.job.stopping.is_set():
            with contextlib.suppress(FutureTimeoutError):
                return future.result(timeout=0.1)
        raise StoppedError("asked to stop")

    def _ask(self, body: bytes, key: str) -> bytes:
        client = self.data.get("ModelClientConfig", {})
        headers = {
            name: value
            for name, value in (
                ("Content-Type", self.data["TransformInput"].get("ContentType")),
                ("Accept", self.data["TransformOutput"].get("Accept")),
            )
            if value
        }
        timeout = client.get("InvocationsTimeoutInSeconds", _TIMEOUT)
        fault = WorkError("")
        for _ in range(1 + client.get("InvocationsMaxRetries", _RETRIES)):
            if self.job.stopping.is_set():
                break
            try:
                reply = self.server.request("POST", "/invocations", body, headers, timeout)
            except ContainerError as error:
                fault = ContainerError(f"AlgorithmError: {key}: {error}")
                continue
            if reply.status in _SUCCESS:
                return reply.body
            text = reply.body[:_QUOTED].decode("utf-8", errors="replace")
            side = "AlgorithmError" if reply.status >= _SERVER_ERROR else "ClientError"
            fault = ContainerError(f"{side}: {key}: the container answered {reply.status}: {text}")
            if reply.status < _SERVER_ERROR:
                break
        raise fault


def _source(data: Data) -> Location:
    return Location.parse(data["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"])


def _read_input(part: Data) -> None:
    path = "TransformInput."
    emulated.only(part, "DataSource ContentType CompressionType SplitType", path)
    emulated.value(part, "CompressionType", "None", ("None",), path)
    emulated.value(part, "SplitType", "None", ("None", "Line"), path)
    source = part["DataSource"]["S3DataSource"]
    emulated.value(source, "S3DataType", None, ("S3Prefix",), path)
    Location.parse(source["S3Uri"])


def _environment(data: Data) -> dict[str, str]:
    """Return what AWS sets for a container that serves a batch; the request's own environment wins."""
    strategy = data.get("BatchStrategy", _DEFAULTS["BatchStrategy"])
    return {
        "SAGEMAKER_BATCH": "true",
        "SAGEMAKER_MAX_PAYLOAD_IN_MB": str(data.get("MaxPayloadInMB", _DEFAULTS["MaxPayloadInMB"])),
        "SAGEMAKER_BATCH_STRATEGY": _STRATEGIES[strategy],
        "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": str(
            data.get("MaxConcurrentTransforms", _DEFAULTS["MaxConcurrentTransforms"])
        ),
        **data.get("Environment", {}),
    }


def _settings(data: Data, server: ModelServer) -> BatchSettings:
    """Return how to cut and send: the request's word, else the container's, else the default."""
    asked: dict[str, Any] = {}
    if any(name not in data for name in _DEFAULTS):
        with contextlib.suppress(ContainerError, ValueError):  # a container need not have an opinion
            reply = server.request("GET", "/execution-parameters", b"", {}, _PARAMETERS_TIMEOUT)
            told = json.loads(reply.body) if reply.status in _SUCCESS else {}
            asked = told if isinstance(told, dict) else {}
    names = {text: name for name, text in _STRATEGIES.items()}
    strategy = names.get(str(asked.get("BatchStrategy")), _DEFAULTS["BatchStrategy"])
    return BatchSettings(
        strategy=data.get("BatchStrategy", strategy),
        max_payload=data.get("MaxPayloadInMB", _whole(asked.get("MaxPayloadInMB"), _DEFAULTS["MaxPayloadInMB"])) * _MB,
        concurrent=data.get(
            "MaxConcurrentTransforms",
            _whole(asked.get("MaxConcurrentTransforms"), _DEFAULTS["MaxConcurrentTransforms"]),
        ),
    )


def _whole(value: object, default: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else default
