"""Pages of other origins: who may call what, by configuration."""

from dataclasses import replace

import pytest

from chalicelib import bootstrap
from chalicelib.bootstrap import Services
from chalicelib.settings import Http
from tests.chalicelib.gateway import Gateway

OURS, THEIRS = "https://pages.example", "https://evil.example"
ROUTES = [
    ("POST", "/predict"),
    ("POST", "/pipelines/reviews/predict"),
    ("GET", "/pipelines"),
    ("GET", "/pipelines/reviews"),
    ("GET", "/health"),
    ("GET", "/openapi.json"),
    ("POST", "/feedback"),
]
CORS = "access-control-"


def shared(headers: object) -> dict[str, str]:
    return {name: value for name, value in dict(headers).items() if name.lower().startswith(CORS)}  # type: ignore[call-overload] # werkzeug's headers


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize("origin", [OURS, THEIRS, "null", None, OURS.upper(), OURS + ".evil.example"])
def test_matrix(gateway: Gateway, method: str, path: str, origin: str | None) -> None:
    """A named origin is answered by its name and may ask what the route takes; no other learns anything."""
    headers = {} if origin is None else {"Origin": origin}
    preflight = gateway.ask("OPTIONS", path, headers={**headers, "Access-Control-Request-Method": method})
    assert (preflight.status_code, preflight.data) == (204, b"")
    assert preflight.headers["Vary"] == "Origin"
    if origin != OURS:
        assert not shared(preflight.headers)
        return
    assert shared(preflight.headers) == {
        "Access-Control-Allow-Origin": OURS,
        "Access-Control-Allow-Methods": f"{method}, OPTIONS",
        "Access-Control-Allow-Headers": "Authorization, Content-Type",
        "Access-Control-Expose-Headers": "Retry-After",
        "Access-Control-Max-Age": "600",
    }


@pytest.mark.parametrize(("body", "status"), [(b'{"text": "a"}', 200), (b"{", 400)])
def test_answers_are_shared(gateway: Gateway, body: bytes, status: int) -> None:
    """A page of a named origin reads answers and problems alike."""
    response = gateway.ask("POST", "/predict", body, {"Content-Type": "application/json", "Origin": OURS})
    assert response.status_code == status
    assert response.headers["Access-Control-Allow-Origin"] == OURS
    assert "Access-Control-Allow-Credentials" not in response.headers


def test_none_by_default(gateway: Gateway, services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a setting no origin is let in, and no answer says a word of it."""
    closed = replace(services, http=Http())
    monkeypatch.setattr(bootstrap, "services", lambda: closed)
    for method, path in [*ROUTES[:1], ("OPTIONS", "/predict")]:
        headers = gateway.ask(method, path, headers={"Origin": OURS}).headers
        assert not shared(headers)
        assert "Vary" not in headers
