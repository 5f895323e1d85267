import os
from pathlib import Path

import botocore.session
import pytest

from localcloud import environment
from localcloud.sagemaker.objects import connect

ROOT = Path(__file__).parents[2] / "localcloud"


def test_one_file_reads_the_environment() -> None:
    """Only this file knows the environment, and the Lambda worker, which is another process."""
    readers = {
        path.name for path in ROOT.rglob("*.py") if "os.environ" in path.read_text() or "getenv" in path.read_text()
    }
    assert readers == {"environment.py", "runtime.py"}


def test_inherited(monkeypatch: pytest.MonkeyPatch) -> None:
    """A child gets the path to programs, and nothing of AWS's or of ours."""
    monkeypatch.setenv("PATH", "/bin")
    monkeypatch.setenv("AWS_PROFILE", "somebody")
    monkeypatch.setenv("SECRET", "x")
    told = environment.inherited()
    assert told["PATH"] == "/bin"
    assert not {"AWS_PROFILE", "SECRET"} & set(told)


def test_a_developers_profile_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """A profile that this machine does not have fails no call of the local cloud's own."""
    monkeypatch.setattr(os, "environ", dict(os.environ) | {"AWS_PROFILE": "nobody"})
    environment.forget_aws_settings()
    assert botocore.session.Session().get_service_model("sagemaker").service_name == "sagemaker"
    assert "AWS_PROFILE" not in os.environ


def test_no_proxy_between_the_cloud_and_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that a developer's shell names is not asked for what lies on the loopback interface."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    objects = connect("http://127.0.0.1:1", "eu-west-1")
    assert objects._client.meta.config.proxies == {}  # noqa: SLF001  the client is where a proxy would be used
    objects.close()
