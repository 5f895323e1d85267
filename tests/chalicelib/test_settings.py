"""What the environment says of the stage and the HTTP routes."""

import pytest

from chalicelib.core.errors import SettingsError
from chalicelib.core.stage import Stage
from chalicelib.settings import Http, http, stage

STAGE = {
    "FRESHET_STAGE": "dev",
    "FRESHET_BUCKET": "bucket",
    "FRESHET_ROLE_ARN": "arn:role",
    "FRESHET_IMAGE_URI": "image",
    "FRESHET_TABLE": "table",
    "FRESHET_TOPIC_ARN": "arn:topic",
}


def test_stage() -> None:
    """A stage is made of what the template sets."""
    assert stage(STAGE) == Stage("dev", "bucket", "arn:role", "image", "table", "arn:topic")


@pytest.mark.parametrize("name", STAGE)
def test_missing(name: str) -> None:
    """A variable that is missing, or empty, is told by its name."""
    with pytest.raises(SettingsError, match=name):
        stage({**STAGE, name: ""})


def test_defaults() -> None:
    """Without variables, or with empty ones, no origin is let in and the limit is the default."""
    assert http({}) == http({"FRESHET_CORS_ORIGINS": " , ", "FRESHET_LABELS_PER_HOUR": ""}) == Http()
    assert Http().origins == frozenset()


def test_origins() -> None:
    """Origins are a list with commas, blanks around them or not."""
    said = {"FRESHET_CORS_ORIGINS": "https://a.example, http://localhost:3000", "FRESHET_LABELS_PER_HOUR": "7"}
    assert http(said) == Http(frozenset({"https://a.example", "http://localhost:3000"}), 7)


@pytest.mark.parametrize(
    "origin", ["*", "https://*.example", "https://a.example/", "a.example", "null", "HTTPS://A.EXAMPLE"]
)
def test_no_origins(origin: str) -> None:
    """A pattern, an address with a path, or anything else that no browser sends stops the application."""
    with pytest.raises(SettingsError, match="is no origin: write https://host"):
        http({"FRESHET_CORS_ORIGINS": f"https://a.example,{origin}"})


@pytest.mark.parametrize("limit", ["0", "-1", "many", "1.5"])
def test_no_limits(limit: str) -> None:
    """A limit that is no positive number stops the application."""
    with pytest.raises(SettingsError, match="FRESHET_LABELS_PER_HOUR must be a positive number"):
        http({"FRESHET_LABELS_PER_HOUR": limit})
