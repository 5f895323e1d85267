import base64
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from localcloud.apigateway import Call, event_of, response_of
from localcloud.routes import Found
from localcloud.settings import Limits
from localcloud.wiring import Route

CALL = Call("dev", "/items/1", "7bf73129-1428-4cd3-a780-95db273d1602", datetime(2026, 1, 2, 12, 0, tzinfo=UTC))
FOUND = Found(Route("/items/{name}", "POST"), {"name": "1"})
APP = """
import json, os
from chalice import Chalice, Response, IAMAuthorizer

app = Chalice(app_name="routed")
app.debug = False

@app.route("/")
def index():
    return Response("<p>hello</p>", headers={"Content-Type": "text/html", "Set-Cookie": ["a=1", "b=2"]})

@app.route("/echo/{name}", methods=["POST", "PUT"], content_types=["application/json", "text/plain", "image/png"])
def echo(name):
    request = app.current_request
    return {"event": request.to_original_event(), "text": request.raw_body.decode("latin-1")}

@app.route("/image")
def image():
    return Response(b"\\x89PNG", headers={"Content-Type": "image/png"})

@app.route("/error")
def error():
    raise ValueError("a secret")

@app.route("/slow-wiring", authorizer=IAMAuthorizer())
def guarded():
    return "never"

@app.route("/keyed", api_key_required=True)
def keyed():
    return "never"
"""


def event(**request: Any) -> dict[str, Any]:
    environ = EnvironBuilder(path="/dev/items/1", base_url="http://127.0.0.1:4566", **request).get_environ()
    environ["REMOTE_ADDR"] = "127.0.0.1"
    made = Request(environ)
    return event_of(made, made.get_data(), CALL, FOUND, ["image/png"])


@pytest.fixture(scope="module")
def app_source() -> str:
    return APP


@pytest.fixture
def cloud(start_cloud: Callable[..., Any]) -> Any:
    return start_cloud(APP, limits=Limits(lambda_workers=1))


def test_event_shape() -> None:
    """An event is API Gateway's proxy event, version 1.0, member by member."""
    made = event(
        method="POST", query_string="a=1&a=2&b=%20", data="text", headers={"Content-Type": "text/plain", "X-Own": "y"}
    )
    headers = made.pop("headers")
    assert headers["Content-Type"] == "text/plain"
    assert headers["X-Own"] == "y"
    assert headers["Host"] == "127.0.0.1:4566"
    assert (headers["X-Forwarded-For"], headers["X-Forwarded-Proto"], headers["X-Forwarded-Port"]) == (
        "127.0.0.1",
        "http",
        "4566",
    )
    assert made.pop("multiValueHeaders") == {name: [value] for name, value in headers.items()}
    context = made.pop("requestContext")
    assert {name: context[name] for name in ("resourcePath", "httpMethod", "stage", "path", "requestId")} == {
        "resourcePath": "/items/{name}",
        "httpMethod": "POST",
        "stage": "dev",
        "path": "/dev/items/1",
        "requestId": CALL.request_id,
    }
    assert context["identity"]["sourceIp"] == "127.0.0.1"
    assert context["requestTime"] == "02/Jan/2026:12:00:00 +0000"
    assert made == {
        "resource": "/items/{name}",
        "path": "/items/1",
        "httpMethod": "POST",
        "queryStringParameters": {"a": "2", "b": " "},
        "multiValueQueryStringParameters": {"a": ["1", "2"], "b": [" "]},
        "pathParameters": {"name": "1"},
        "stageVariables": None,
        "body": "text",
        "isBase64Encoded": False,
    }


def test_event_without_query_and_body() -> None:
    """What a request does not have is null, not empty."""
    made = event(method="POST")
    assert [made[name] for name in ("queryStringParameters", "multiValueQueryStringParameters", "body")] == [None] * 3
    assert made["isBase64Encoded"] is False


def test_binary_body_is_base64() -> None:
    """A body of a binary type is base64, of any other it is text."""
    data = b"\x89\x00\xff"
    made = event(method="POST", data=data, headers={"Content-Type": "image/png"})
    assert (made["isBase64Encoded"], base64.b64decode(made["body"])) == (True, data)
    mangled = event(method="POST", data=data, headers={"Content-Type": "text/plain"})
    assert (mangled["isBase64Encoded"], mangled["body"]) == (False, "\ufffd\x00\ufffd")


@pytest.mark.parametrize(
    "result",
    [
        None,
        "text",
        {},
        {"statusCode": "many"},
        {"statusCode": 99},
        {"statusCode": 200, "body": {"not": "text"}},
        {"statusCode": 200, "headers": ["a"]},
        {"statusCode": 200, "body": "no base64!", "isBase64Encoded": True},
    ],
)
def test_malformed_results(result: object) -> None:
    """A result that is no answer is a bad gateway."""
    response = response_of(result, binary=True)
    assert (response.status_code, json.loads(response.data)) == (502, {"message": "Internal server error"})


def test_result_headers() -> None:
    """Headers of both kinds are answered, those with several values win over those with one."""
    result = {"statusCode": "201", "headers": {"A": "1", "b": 2}, "multiValueHeaders": {"a": ["3", "4"]}, "body": "x"}
    response = response_of(result, binary=False)
    assert response.status_code == 201
    assert response.headers.getlist("A") == ["3", "4"]
    assert response.headers["B"] == "2"


def test_base64_is_decoded_for_those_who_accept_it() -> None:
    """A base64 result is decoded when the caller accepts a binary type, as on AWS, and else left as it is."""
    result = {"statusCode": 200, "body": base64.b64encode(b"\x00").decode(), "isBase64Encoded": True}
    assert response_of(result, binary=True).data == b"\x00"
    assert response_of(result, binary=False).data == b"AA=="


def test_request_reaches_the_view(cloud: Any) -> None:
    """The real handler gets parameters, query and body, and its answer comes back."""
    headers = {"Content-Type": "text/plain"}
    status, answered, body = cloud.request("PUT", "/dev/echo/a%20b?x=1", "grün".encode(), headers)
    assert (status, answered["Content-Type"]) == (200, "application/json")
    told = json.loads(body)
    assert told["text"].encode("latin-1").decode() == "grün"
    assert told["event"]["pathParameters"] == {"name": "a b"}
    assert told["event"]["requestContext"]["path"] == "/dev/echo/a%20b"


def test_html_and_cookies(cloud: Any) -> None:
    """A page with several cookies arrives as the view made it."""
    status, headers, body = cloud.request("GET", "/dev/")
    assert (status, headers["Content-Type"], body) == (200, "text/html", b"<p>hello</p>")


def test_image(cloud: Any) -> None:
    """Binary answers arrive as bytes, and binary requests too."""
    status, _, body = cloud.request("GET", "/dev/image", headers={"Accept": "image/png"})
    assert (status, body) == (200, b"\x89PNG")
    told = json.loads(cloud.request("POST", "/dev/echo/x", b"\x89PNG\xff", {"Content-Type": "image/png"})[2])
    assert told["text"] == "\x89PNG\xff"


@pytest.mark.parametrize(
    ("method", "path", "status", "message"),
    [
        ("GET", "/dev/unknown", 403, "Missing Authentication Token"),
        ("DELETE", "/dev/echo/x", 403, "Missing Authentication Token"),
        ("GET", "/prod/", 403, "Missing Authentication Token"),
        ("GET", "/", 403, "Missing Authentication Token"),
        ("GET", "/dev/slow-wiring", 401, "Unauthorized"),
        ("GET", "/dev/keyed", 403, "Forbidden"),
    ],
)
def test_what_the_gateway_answers_itself(cloud: Any, method: str, path: str, status: int, message: str) -> None:
    """Unknown routes and routes that ask for a key or an authorizer are refused in API Gateway's words."""
    answer = cloud.request(method, path)
    assert (answer[0], json.loads(answer[2])) == (status, {"message": message})


def test_error_in_a_view(cloud: Any) -> None:
    """An error in a view is Chalice's own answer, without its message."""
    status, _, body = cloud.request("GET", "/dev/error")
    assert status == 500
    assert b"secret" not in body


def test_body_limits(start_cloud: Callable[..., Any]) -> None:
    """A body above API Gateway's limit, or above Lambda's, is refused with 413, sent whole or in chunks."""
    cloud = start_cloud(APP, limits=Limits(lambda_workers=1, api_body=2000, lambda_payload=2500))
    headers = {"Content-Type": "text/plain"}
    assert cloud.request("POST", "/dev/echo/x", b"x" * 2001, headers)[0] == 413
    chunks: Any = iter([b"x" * 1000, b"x" * 1001])
    assert cloud.request("POST", "/dev/echo/x", chunks, headers)[0] == 413
    assert cloud.request("POST", "/dev/echo/x", b"x" * 1900, headers)[0] == 413
    assert cloud.request("POST", "/dev/echo/x", b"x" * 10, headers)[0] == 200


def test_stage_without_slash(cloud: Any) -> None:
    """The stage's bare name leads to its root, so that relative addresses on the page work."""
    status, headers, _ = cloud.request("GET", "/dev")
    assert (status, headers["Location"]) == (301, "/dev/")


@pytest.mark.parametrize("headers", [{"X": "ü€"}, {"X": "a\r\nSet-Cookie: b"}, {"ü€": "x"}])
def test_headers_that_http_cannot_carry(headers: Mapping[str, str]) -> None:
    """A result with such a header is a bad gateway, not a connection that breaks."""
    assert response_of({"statusCode": 200, "body": "", "headers": headers}, binary=False).status_code == 502


def test_half_a_character() -> None:
    """A body with half of a surrogate pair is answered, with a mark in its place."""
    assert response_of({"statusCode": 200, "body": "a\ud800"}, binary=False).data == b"a?"
