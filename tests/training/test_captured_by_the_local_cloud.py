"""What one side writes the other reads: captured requests of the local cloud, and labels of `/feedback`, meet here."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from chalicelib.core.inference import issue
from chalicelib.core.places import ground_truth_key
from chalicelib.core.spec import PipelineSpec
from localcloud.sagemaker.capture_config import CaptureSpec, Invocation, Payload, Request, file_name, folder, line
from tests.training.labelled import label_line, put_files
from training.captured import Coverage, Wanted, read_captured
from training.ground_truth import Taken, read_labels
from training.instances import parse_request, render_answer

ASKED = datetime(2026, 3, 1, 7, 8, 9, tzinfo=UTC)
COLLECTED = datetime(2026, 3, 2, 7, 59, tzinfo=UTC)
BODY = '{"instances":[{"text":"a café"},{"text":"b"}]}'.encode()


def capture(listed: list[str]) -> CaptureSpec:
    """Return a capture config that lists these types as JSON; others are captured in base64."""
    found = CaptureSpec.parse(
        {
            "DataCaptureConfig": {
                "InitialSamplingPercentage": 100,
                "DestinationS3Uri": "s3://bucket/capture/",
                "CaptureOptions": [{"CaptureMode": "InputAndOutput"}],
                **({"CaptureContentTypeHeader": {"JsonContentTypes": listed}} if listed else {}),
            }
        }
    )
    assert found is not None
    return found


@pytest.mark.parametrize("listed", [["application/json"], []])
def test_a_label_meets_what_was_captured(tmp_path: Path, spec: PipelineSpec, listed: list[str]) -> None:
    """A request with our inference id, answered by our server and captured, meets its label; in base64 too."""
    named = issue(b"key", spec.name, "0" * 32, 2)
    answer = render_answer(
        spec, parse_request(spec, "application/json", BODY), np.array([0.25, 0.75]), threshold=0.5, version="7"
    )
    asked = Request(ASKED, named, Payload("application/json", BODY))
    written = line(capture(listed), Invocation("event", asked, Payload("application/json", answer)))
    name = f"{folder('endpoint', 'variant', ASKED)}/{file_name(ASKED, 'id')}"
    put_files(tmp_path / "capture", {name: written})
    key = ground_truth_key(spec.name, COLLECTED, named, 1).removeprefix(f"ground-truth/{spec.name}/")
    put_files(tmp_path / "labels", {key: label_line(named, "negative", 1)})
    labels, coverage = read_labels(tmp_path / "labels", spec), Coverage()
    (found,) = read_captured(tmp_path / "capture", spec, Wanted("7"), coverage)
    assert (found.id, found.scores, found.called) == (named, [0.25, 0.75], [False, True])
    assert found.rows == [{"text": "a café"}, {"text": "b"}]
    assert labels.take(found) == [Taken(1, "negative")]
    assert labels.summary()["delay_s"]["median"] == pytest.approx(86_400, abs=3_600)
