"""Transform jobs: how bytes are cut, sent, joined and stored."""

import gzip
import json
import struct
from typing import Any

import pytest

from tests.contract.jobs import Jobs

pytestmark = pytest.mark.costs_money

MB = 1 << 20
CSV = {"ContentType": "text/csv"}


@pytest.fixture(scope="module")
def lengths(jobs: Jobs) -> str:
    """Give a model that answers with each request's bytes and newlines."""
    return jobs.model(MODE="lengths")


@pytest.fixture(scope="module")
def echo(jobs: Jobs) -> str:
    """Give a model that answers with what it is sent."""
    return jobs.model(MODE="echo")


@pytest.fixture(scope="module")
def marks(jobs: Jobs) -> str:
    """Give a model that puts a bar before each request's body."""
    return jobs.model()


def test_outputs_lie_beside_their_inputs(jobs: Jobs, marks: str) -> None:
    """Each object's answer lies under its own name with .out, below S3OutputPath.

    Source: Developer Guide, "Use Batch Transform to Get Inferences from Large Datasets".
    """
    found = jobs.transformed(jobs.transform(marks, {"a.csv": b"1", "deep/b.csv": b"2"}))
    assert found == {"a.csv.out": b"|1\n", "deep/b.csv.out": b"|2\n"}


def test_many_lines_fill_a_request(jobs: Jobs, lengths: str) -> None:
    """MultiRecord sends as many whole lines as fit into MaxPayloadInMB, byte for byte.

    Source: API Reference, CreateTransformJob, BatchStrategy.
    """
    line = b"x" * (MB // 2 - 1) + b"\n"
    name = jobs.transform(lengths, {"a": line * 2 + b"y\n"}, MaxPayloadInMB=1, BatchStrategy="MultiRecord")
    assert jobs.transformed(name)["a.out"] == b"1048576:2\n2:1\n"


def test_single_records_and_quotes(jobs: Jobs, marks: str) -> None:
    """SingleRecord sends line by line, a newline within quotes cuts too, and a header is in the first request alone.

    Source: Developer Guide, "Use Batch Transform": SplitType Line.
    """
    name = jobs.transform(
        marks, {"a": b'h\n"x\ny"\n'}, BatchStrategy="SingleRecord", out={"AssembleWith": "None"}, given=CSV
    )
    assert jobs.transformed(name)["a.out"] == b'|h\n|"x\n|y"\n'


def test_an_object_goes_whole(jobs: Jobs, lengths: str) -> None:
    """With SplitType None an object is one request, and its answer is stored as it is.

    Source: API Reference, TransformInput, SplitType.
    """
    name = jobs.transform(lengths, {"a": b"one\ntwo\n"}, given={"SplitType": "None"}, out={"AssembleWith": "None"})
    assert jobs.transformed(name)["a.out"] == b"8:2"


def test_records_come_out_of_their_frames(jobs: Jobs, marks: str) -> None:
    """SingleRecord sends the content of each RecordIO record, without its frame.

    Source: API Reference, TransformInput, SplitType; Apache MXNet's RecordIO format.
    """
    frames = b"".join(struct.pack("<II", 0xCED7230A, len(body)) + body for body in (b"four", b"more"))
    name = jobs.transform(
        marks,
        {"a": frames},
        BatchStrategy="SingleRecord",
        given={"SplitType": "RecordIO"},
        out={"AssembleWith": "None"},
    )
    assert jobs.transformed(name)["a.out"] == b"|four|more"


def test_compressed_objects_are_decompressed(jobs: Jobs, lengths: str) -> None:
    """With CompressionType Gzip every object is decompressed before it is cut.

    Source: API Reference, TransformInput, CompressionType.
    """
    body = gzip.compress(b"one\ntwo\n")
    name = jobs.transform(lengths, {"a": body}, BatchStrategy="SingleRecord", given={"CompressionType": "Gzip"})
    assert jobs.transformed(name)["a.out"] == b"4:1\n4:1\n"


def test_predictions_are_joined_with_their_rows(jobs: Jobs, echo: str) -> None:
    """InputFilter takes columns away from the model, JoinSource puts the answer behind the row, OutputFilter chooses.

    Source: Developer Guide, "Associate Prediction Results with Input Records".
    """
    processing = {"InputFilter": "$[1:]", "JoinSource": "Input", "OutputFilter": "$[0,-1]"}
    name = jobs.transform(
        echo, {"a": b"7,1.5\n8,2.5\n"}, DataProcessing=processing, given=CSV, out={"Accept": "text/csv"}
    )
    assert jobs.transformed(name)["a.out"] == b"7,1.5\n8,2.5\n"


def test_json_rows_get_their_answer_as_a_member(jobs: Jobs, echo: str) -> None:
    """A JSON Lines row joined with its answer has it as SageMakerOutput.

    Source: Developer Guide, "Associate Prediction Results with Input Records".
    """
    lines = "application/jsonlines"
    name = jobs.transform(
        echo,
        {"a": b'{"id":1,"x":2}\n'},
        DataProcessing={"InputFilter": "$.x", "JoinSource": "Input"},
        given={"ContentType": lines},
        out={"Accept": lines},
    )
    assert json.loads(jobs.transformed(name)["a.out"]) == {"id": 1, "x": 2, "SageMakerOutput": 2}


def test_the_container_may_say_how(jobs: Jobs) -> None:
    """Where the request is silent, GET /execution-parameters decides.

    Source: Developer Guide, "Use Your Own Inference Code with Batch Transform".
    """
    wanted = {"MaxConcurrentTransforms": 1, "BatchStrategy": "SINGLE_RECORD", "MaxPayloadInMB": 1}
    model = jobs.model(MODE="lengths", PARAMETERS=json.dumps(wanted))
    assert jobs.transformed(jobs.transform(model, {"a": b"one\ntwo\n"}))["a.out"] == b"4:1\n4:1\n"


def test_the_container_knows_of_the_batch(jobs: Jobs, marks: str) -> None:
    """SAGEMAKER_BATCH is true in a transform's container, and Content-Type and Accept are the request's.

    Source: Developer Guide, "Use Your Own Inference Code with Batch Transform".
    """
    name = jobs.transform(marks, {"a": b"describe"}, out={"Accept": "application/json"})
    told = json.loads(jobs.transformed(name)["a.out"])
    assert told["environment"]["SAGEMAKER_BATCH"] == "true"
    assert (told["headers"]["content-type"], told["headers"]["accept"]) == ("text/plain", "application/json")


@pytest.mark.parametrize(("status", "side"), [(400, "ClientError"), (500, "AlgorithmError")])
def test_every_object_is_tried(jobs: Jobs, marks: str, status: int, side: str) -> None:
    """An object that the model refuses fails the job; the outputs of the others stay.

    Source: Developer Guide, "Batch Transform Errors"; users: the FailureReason, whose brackets are ours.
    """
    name = jobs.transform(marks, {"a": b"status %d" % status, "b": b"fine"})
    assert jobs.failed(name).startswith(f"{side}: See job logs for more information")
    assert jobs.keys(jobs.aws.uri(f"transformed/{name}")) == ["b.out"]


def test_too_much_in_flight_is_refused(jobs: Jobs, marks: str) -> None:
    """MaxPayloadInMB times MaxConcurrentTransforms is at most 100 MB.

    Source: API Reference, CreateTransformJob, MaxPayloadInMB.
    """
    with pytest.raises(jobs.api.exceptions.ClientError, match="100 MB"):
        jobs.transform(marks, {}, MaxPayloadInMB=51, MaxConcurrentTransforms=2)


def test_an_unknown_model_is_refused(jobs: Jobs) -> None:
    """A transform of a model that does not exist is a ValidationException.

    Source: users: "Could not find model".
    """
    with pytest.raises(jobs.api.exceptions.ClientError, match="Could not find model"):
        jobs.transform("nobody", {})


def test_a_stopped_transform(jobs: Jobs, marks: str) -> None:
    """StopTransformJob ends it as Stopped, without the output of the object under way.

    Source: API Reference, StopTransformJob.
    """
    name = jobs.transform(marks, {"a": b"sleep 60"})
    jobs.aws.wait_for(lambda: "TransformStartTime" in jobs.described(name))
    jobs.api.stop_transform_job(TransformJobName=name)
    told: dict[str, Any] = jobs.ended(name)
    assert told["TransformJobStatus"] == "Stopped"
    assert jobs.keys(jobs.aws.uri(f"transformed/{name}")) == []


def test_objects_are_dealt_to_instances(jobs: Jobs, marks: str) -> None:
    """With two instances each has a server of its own, and the objects are shared among them.

    Source: Developer Guide, "Use Batch Transform"; that they are dealt in turn is ours.
    """
    resources = {"InstanceType": "ml.m5.large", "InstanceCount": 2}
    objects = dict.fromkeys(("a", "b", "c"), b"describe")
    found = jobs.transformed(jobs.transform(marks, objects, TransformResources=resources))
    assert len({json.loads(body)["pid"] for body in found.values()}) == 2
