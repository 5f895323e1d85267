"""What of the machine's files a caller can come by: none that is not the container's own."""

import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from localcloud.errors import AwsError
from tests.localcloud.sagemaker.clouds import Cloud, channel, s3_input
from tests.localcloud.sagemaker.processing_programs import process_program
from tests.localcloud.sagemaker.test_processing import output
from tests.localcloud.sagemaker.training_programs import train_program


@pytest.mark.parametrize(
    "path", ["/etc", "/opt/ml/../../etc", "/opt/ml/processing/../..", "relative", "/opt/mlx/a", ""]
)
@pytest.mark.parametrize("side", ["input", "output"])
def test_a_local_path_stays_in_the_container(cloud: Cloud, path: str, side: str) -> None:
    """SageMaker API Reference, ProcessingS3Input: LocalPath lies below /opt/ml/processing/; others make no job."""
    more: dict[str, Any] = {"ProcessingInputs": [s3_input("i", cloud.uri("in"), path)]}
    if side == "output":
        more = {"ProcessingOutputConfig": {"Outputs": [output("o", cloud.uri("out"), path)]}}
    with pytest.raises(AwsError) as refused:
        cloud.process("j", "x", **more)
    assert refused.value.code == "ValidationException"


@pytest.mark.parametrize("name", [".", ".."])
def test_a_channel_is_a_folder_of_its_own(cloud: Cloud, name: str) -> None:
    """Ours: a channel's name that would be another folder, though SageMaker's model allows it, makes no job."""
    with pytest.raises(AwsError, match="cannot be the name of a channel"):
        cloud.train("j", InputDataConfig=[channel(name, cloud.uri("in"))])


@pytest.mark.parametrize("link", ["model", "model/secret", "output/failure"])
def test_a_link_is_not_followed(cloud: Cloud, link: str, tmp_path: Path) -> None:
    """SageMaker Developer Guide, "Configure input and output": symbolic links are not followed; no file leaves so."""
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "file").write_text("of somebody else")
    target = secret / "file" if link.endswith("failure") else secret
    train_program(
        cloud,
        f"""
        if "{link}" == "model":
            (base / "model").rmdir()
        (base / "{link}").symlink_to("{target}")
        sys.exit({1 if link.endswith("failure") else 0})
        """,
        1,
    )
    detail = cloud.wait("j", "Completed", "Failed")
    assert "somebody" not in str(detail)
    assert cloud.keys("models") == []


def test_folders_are_the_owners_alone(cloud: Cloud) -> None:
    """Ours: other users of the machine read nothing of what containers are given."""
    process_program(cloud, '(base / "output/message").write_text(oct(base.parent.stat().st_mode))')
    assert cloud.wait("j", "Completed")["ExitMessage"].endswith("700")
    assert stat.S_IMODE((cloud.state / "sagemaker").stat().st_mode) == 0o700


def test_the_state_is_the_owners_alone(start_cloud: Callable[..., Any]) -> None:
    """Ours: the folder that holds objects, tables and logs can be entered by nobody else."""
    assert stat.S_IMODE(start_cloud().state.stat().st_mode) == 0o700
