from itertools import islice
from pathlib import Path

from localcloud.errors import AwsError
from localcloud.sagemaker.revival import pauses
from tests.localcloud.sagemaker.clouds import Cloud
from tests.localcloud.sagemaker.endpoint_steps import in_service, wait_until


def test_pauses_double_up_to_half_a_minute() -> None:
    """Each try to start a broken server comes after twice the pause before, and never later than half a minute."""
    assert list(islice(pauses(0.5), 8)) == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]


def test_a_server_that_is_broken_comes_back_when_it_is_mended(cloud: Cloud, tmp_path: Path) -> None:
    """A server that died and does not start is tried again until it does, and serves then."""
    program = tmp_path / "server.py"
    source = program.read_text()
    in_service(cloud, "v1")
    program.write_text("raise SystemExit(1)")

    def answers() -> bool:
        try:
            return cloud.invoke(b"x").body == b"v1|x"
        except AwsError:
            return False

    try:
        cloud.invoke(b"die")
    except AwsError:
        log = cloud.state / "logs" / "sagemaker" / "endpoints" / "eu-west-1" / "e" / "all-0.log"
        wait_until(log.exists)
    program.write_text(source)
    wait_until(answers)
