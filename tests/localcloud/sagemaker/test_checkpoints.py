import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from localcloud.errors import AwsError
from localcloud.sagemaker.checkpoints import checkpoints_of
from localcloud.sagemaker.objects import connect
from tests.localcloud.sagemaker.clouds import REGION, Cloud
from tests.localcloud.sagemaker.training_programs import train_program

COUNT = """
    saved = base / "checkpoints/deep/count"
    before = int(saved.read_text()) if saved.exists() else 0
    saved.parent.mkdir(exist_ok=True)
    saved.write_text(str(before + 1))
"""


@pytest.mark.parametrize(("ending", "state"), [("", "Completed"), ("\n    sys.exit(1)", "Failed")])
def test_a_checkpoint_goes_from_job_to_job(cloud: Cloud, ending: str, state: str) -> None:
    """SageMaker Developer Guide, "Checkpoints in Amazon SageMaker AI": restored at the start, kept of any end.

    LocalPath is /opt/ml/checkpoints/ where the request says nothing (API Reference, CheckpointConfig).
    """
    cloud.put("ckpt/deep/count", b"41")
    cloud.put("ckpt-of-others/x", b"not ours")
    train_program(cloud, COUNT + ending, 1, CheckpointConfig={"S3Uri": cloud.uri("ckpt")})
    cloud.wait("j", state)
    assert cloud.read("ckpt/deep/count") == b"42"
    assert cloud.keys("ckpt/") == ["ckpt/deep/count"]
    told = cloud.call("DescribeTrainingJob", TrainingJobName="j")["CheckpointConfig"]
    assert told == {"S3Uri": cloud.uri("ckpt"), "LocalPath": "/opt/ml/checkpoints/"}


def test_checkpoints_go_up_while_the_job_runs(cloud: Cloud, wait_for: Callable[..., Any]) -> None:
    """SageMaker Developer Guide, "Checkpoints in Amazon SageMaker AI": every host's folder is kept in step with S3."""
    path = "/opt/ml/my/saved"
    program = '(base / "my/saved" / host).write_text("one")\n    time.sleep(600)'
    train_program(cloud, "\n    " + program, 2, CheckpointConfig={"S3Uri": cloud.uri("ckpt/"), "LocalPath": path})
    assert wait_for(lambda: len(found := cloud.keys("ckpt/")) == 2 and found) == ["ckpt/algo-1", "ckpt/algo-2"]
    told = cloud.call("DescribeTrainingJob", TrainingJobName="j")
    assert (told["TrainingJobStatus"], told["CheckpointConfig"]["LocalPath"]) == ("InProgress", path)
    cloud.call("StopTrainingJob", TrainingJobName="j")
    cloud.wait("j", "Stopped")


def test_only_changes_go_up(cloud: Cloud, s3_url: str, tmp_path: Path) -> None:
    """What was restored or is already stored is left alone; a changed file goes up, a removed one stays in S3."""
    cloud.put("ckpt/old", b"old")
    objects = connect(s3_url, REGION)
    data = {"CheckpointConfig": {"S3Uri": cloud.uri("ckpt"), "LocalPath": "/opt/ml/checkpoints"}}
    checkpoints = checkpoints_of(data, objects, [tmp_path])
    checkpoints.restore()
    cloud.s3.delete_object(Bucket=cloud.bucket, Key="ckpt/old")
    new = tmp_path / "checkpoints" / "new"
    for content in (b"1", b"2"):
        new.write_bytes(content)
        os.utime(new, ns=(0, int(content)))
        checkpoints.look()
        assert (cloud.read("ckpt/new"), cloud.keys("ckpt/")) == (content, ["ckpt/new"])
    new.unlink()
    checkpoints.look(last=True)
    assert cloud.keys("ckpt/") == ["ckpt/new"]
    objects.close()


@pytest.mark.parametrize(
    "path", ["/opt/ml/model", "/opt/ml/input/data/x/", "/opt/ml/output", "/opt/ml", "/opt/ml/../x"]
)
def test_a_path_that_cannot_hold_checkpoints_is_refused(cloud: Cloud, path: str) -> None:
    """Ours: a LocalPath that the platform uses for something else, or outside /opt/ml/, makes no job."""
    with pytest.raises(AwsError, match="LocalPath") as refused:
        cloud.train("j", CheckpointConfig={"S3Uri": cloud.uri("c"), "LocalPath": path})
    assert refused.value.code == "ValidationException"


def test_a_bucket_that_is_not_there_fails_the_job(cloud: Cloud) -> None:
    """Ours: checkpoints that cannot be looked for fail the job before it starts, as a channel would."""
    cloud.train("j", CheckpointConfig={"S3Uri": "s3://no-such-bucket-at-all/c"})
    assert "NoSuchBucket" in cloud.wait("j", "Failed")["FailureReason"]
