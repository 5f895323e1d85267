"""The environment, as one dictionary in, one out."""

from pathlib import Path

import pytest

from cli import environment
from cli.environment import Environment


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({}, Environment()),
        ({"FRESHET_STATE": "", "FRESHET_STAGE": "", "AWS_ENDPOINT_URL": ""}, Environment()),
        ({"FRESHET_STATE": "/s", "FRESHET_STAGE": "prod"}, Environment(Path("/s"), "prod")),
        ({"AWS_ENDPOINT_URL": "http://h", "AWS_PROFILE": "work"}, Environment(endpoint_url="http://h")),
    ],
)
def test_read(environ: dict[str, str], said: Environment) -> None:
    """Empty variables say nothing."""
    assert environment.read(environ) == said


def test_point_at_local() -> None:
    """Nothing of the person's AWS settings is left that could lead a client to another place."""
    environ = {
        "AWS_PROFILE": "work",
        "AWS_SESSION_TOKEN": "secret",
        "AWS_ENDPOINT_URL_S3": "https://elsewhere",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
        "HTTP_PROXY": "http://proxy",
        "HOME": "/home/me",
    }
    environment.point_at_local("http://127.0.0.1:1", environ)
    assert environ["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"
    assert environ["HOME"] == "/home/me"
    assert "127.0.0.1" in environ["NO_PROXY"]
    assert not environ.keys() & {
        "AWS_PROFILE",
        "AWS_SESSION_TOKEN",
        "AWS_ENDPOINT_URL_S3",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    }


def test_of_local_cloud() -> None:
    """The local cloud's process gets no credentials of the person's, and the caller's environment stays as it was."""
    environ = {"AWS_ACCESS_KEY_ID": "secret", "FRESHET_STAGE": "prod", "PATH": "/bin"}
    given = environment.of_local_cloud(environ)
    assert given["PATH"] == "/bin"
    assert not given.keys() & {"AWS_ACCESS_KEY_ID", "FRESHET_STAGE"}
    assert environ["AWS_ACCESS_KEY_ID"] == "secret"
