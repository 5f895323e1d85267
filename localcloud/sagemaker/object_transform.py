"""One object of a batch transform: decompressed, cut, sent, answered, put together again, stored as one object.

An object's output appears only when the whole object is done, under its name below the prefix and ``.out``. With
``AssembleWith`` Line a newline follows every answer, also one that ends with a newline itself, as SageMaker's own
local mode does. A FailureReason is the sentence that users of AWS see, with what its ``data-log`` would say behind it.
The price of the order of the output: the answers to one object's requests in flight are held in memory.
"""

import contextlib
import gzip
import zlib
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from localcloud.errors import ContainerError, DataError, StoppedError, WorkError
from localcloud.sagemaker.data_processing import DataProcessing
from localcloud.sagemaker.jobs import Job
from localcloud.sagemaker.model_server import ModelServer
from localcloud.sagemaker.objects import Listed, Location, Objects
from localcloud.sagemaker.splitting import SPLITS, Request, multi_records, single_records
from localcloud.sagemaker.store import Data
from localcloud.sagemaker.transform_request import BatchSettings

_SUCCESS = range(200, 300)
_SERVER_ERROR = 500
_TIMEOUT = 600  # seconds for one answer: AWS's default, which a request changes with ModelClientConfig, as the next
_RETRIES = 3
_QUOTED = 200  # characters of a container's error that a FailureReason quotes


@dataclass(frozen=True)
class ObjectTransform:
    """Transforms objects of one job on one instance, one after the other."""

    job: Job
    data: Data
    objects: Objects
    work: Path
    server: ModelServer
    pool: ThreadPoolExecutor
    settings: BatchSettings
    processing: DataProcessing | None

    def transform(self, listed: Listed) -> None:
        """Send an object's requests and store the answers as one object; raises WorkError."""
        output = self.data["TransformOutput"]
        copy, result = self.work / "input", self.work / "output"
        ending = b"\n" if output.get("AssembleWith") == "Line" else b""
        try:
            self.objects.download(listed.location, copy)
            with self._opened(copy) as content, result.open("wb") as file:
                for answer in self._answers(self._requests(content), listed.location.key):
                    file.write(answer + ending)
            self.objects.upload(result, Location.parse(output["S3OutputPath"]).below(f"{listed.name}.out"))
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise _failed("ClientError", listed.location.key, "the object is not in Gzip format") from error
        except DataError as error:
            if str(error).startswith("ClientError"):
                raise
            raise _failed("ClientError", listed.location.key, str(error)) from error
        finally:
            copy.unlink(missing_ok=True)
            result.unlink(missing_ok=True)

    def _opened(self, copy: Path) -> BinaryIO:
        if self.data["TransformInput"].get("CompressionType", "None") == "Gzip":
            return cast("BinaryIO", gzip.open(copy))
        return copy.open("rb")

    def _requests(self, content: BinaryIO) -> Iterator[Request]:
        records = SPLITS[self.data["TransformInput"].get("SplitType", "None")](content)
        split = single_records if self.settings.strategy == "SingleRecord" else multi_records
        return split(records, self.settings.max_payload, self.processing.sent if self.processing else bytes)

    def _answers(self, requests: Iterator[Request], key: str) -> Iterator[bytes]:
        """Yield the answers in the order of the requests, of which so many as allowed are in flight."""
        flight: deque[Future[bytes]] = deque()
        for request in requests:
            flight.append(self.pool.submit(self._answer, request, key))
            if len(flight) >= self.settings.concurrent:
                yield self._result(flight.popleft())
        while flight:
            yield self._result(flight.popleft())

    def _result(self, future: "Future[bytes]") -> bytes:
        while not self.job.stopping.is_set():
            with contextlib.suppress(FutureTimeoutError):
                return future.result(timeout=0.1)
        raise StoppedError("asked to stop")

    def _answer(self, request: Request, key: str) -> bytes:
        answer = self._ask(request.body, key)
        return self.processing.stored(request.records, answer) if self.processing else answer

    def _ask(self, body: bytes, key: str) -> bytes:
        client = self.data.get("ModelClientConfig", {})
        timeout = client.get("InvocationsTimeoutInSeconds", _TIMEOUT)
        fault = WorkError("")
        for _ in range(1 + client.get("InvocationsMaxRetries", _RETRIES)):
            if self.job.stopping.is_set():
                break
            try:
                reply = self.server.request("POST", "/invocations", body, self._headers(), timeout)
            except ContainerError as error:
                fault = _failed("AlgorithmError", key, str(error))
                continue
            if reply.status in _SUCCESS:
                return reply.body
            text = reply.body[:_QUOTED].decode("utf-8", errors="replace")
            side = "AlgorithmError" if reply.status >= _SERVER_ERROR else "ClientError"
            fault = _failed(side, key, f"the container answered {reply.status}: {text}")
            if reply.status < _SERVER_ERROR:
                break
        raise fault

    def _headers(self) -> dict[str, str]:
        told = {
            "Content-Type": self.data["TransformInput"].get("ContentType"),
            "Accept": self.data["TransformOutput"].get("Accept"),
            "Transfer-Encoding": "chunked" if self.settings.max_payload is None else None,
        }
        return {name: value for name, value in told.items() if value}


def _failed(side: str, key: str, why: str) -> ContainerError:
    return ContainerError(f"{side}: See job logs for more information ({key}: {why})")
