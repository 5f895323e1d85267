"""Files to and from S3, on a stand-in for boto3's client."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.response import StreamingBody

from cli.store import Store


class FakeS3:
    """What `Store` asks of boto3's client."""

    def __init__(self, objects: dict[str, bytes] | None = None, answers: tuple[str, ...] = ()) -> None:
        self.objects = objects or {}
        self.answers = answers  # the operations an upload is made of
        self.handlers: dict[str, Callable[..., None]] = {}
        self.meta = self
        self.events = self

    def register(self, event: str, handler: Callable[..., None]) -> None:
        self.handlers[event] = handler

    def upload_file(self, path: str, _bucket: str, key: str, *, Callback: Callable[[int], None], **_: Any) -> None:  # noqa: N803 - boto3's spelling
        self.objects[key] = Path(path).read_bytes()
        Callback(len(self.objects[key]))
        for number, operation in enumerate(self.answers):
            handler = self.handlers.get(f"after-call.s3.{operation}")
            if handler:
                handler(parsed={"VersionId": f"v{number}"}, model=None)

    def get_paginator(self, _operation: str) -> "FakeS3":
        return self

    def paginate(self, **request: str) -> Iterator[dict[str, Any]]:
        for key in self.objects:
            if key.startswith(request["Prefix"]):
                yield {"Contents": [{"Key": key}]}
        yield {}

    def get_object(self, **request: str) -> dict[str, Any]:
        data = self.objects[request["Key"]]
        return {"Body": StreamingBody(io.BytesIO(data), len(data))}


@pytest.mark.parametrize(
    ("operations", "version"),
    [(("PutObject",), "v0"), (("CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"), "v2")],
)
def test_put(tmp_path: Path, operations: tuple[str, ...], version: str) -> None:
    """The version is that of the call which made the object, in one part or in many."""
    path, counted = tmp_path / "a.csv", list[int]()
    path.write_bytes(b"12345")
    s3 = FakeS3(answers=operations)
    assert Store(lambda: s3).put(path, "bucket", "key", counted.append) == version
    assert s3.objects == {"key": b"12345"}
    assert counted == [5]


def test_fetch(tmp_path: Path) -> None:
    """Shards become one file in their order, without empty lines, the hundred-thousandth after the others."""
    s3 = FakeS3(
        {"p/part-100000": b"d\n", "p/part-99999": b"b\n\nc", "p/part-00000": b"a\n", "other": b"x", "p/part-2": b""}
    )
    target = tmp_path / "out.jsonl"
    assert Store(lambda: s3).fetch("bucket", "p/", target) == 4
    assert target.read_bytes() == b"a\nb\nc\nd\n"
    assert list(tmp_path.iterdir()) == [target]
