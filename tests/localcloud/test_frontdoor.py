import http.client
import json
import socket
import threading
from contextlib import closing
from typing import Any

import pytest
from botocore.exceptions import ClientError

SIGNED = "AWS4-HMAC-SHA256 Credential=a/20260102/eu-west-1/{}/aws4_request, SignedHeaders=host, Signature=0"


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:80", "bucket.localhost", "", "127.0.0.1:x"])
@pytest.mark.parametrize("path", ["/dev/", "/_localcloud/health", "/bucket"])
def test_foreign_hosts_are_refused(cloud: Any, host: str, path: str) -> None:
    """A request that came by another name than the loopback's is misdirected, whatever it asks for."""
    status, _, body = cloud.request("GET", path, headers={"Host": host})
    assert status == 421
    assert b"127.0.0.1 and localhost only" in body


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:4566", "LOCALHOST", "[::1]:1"])
def test_loopback_names(cloud: Any, host: str) -> None:
    """Every way to write the loopback is good, with any port or none."""
    assert cloud.request("GET", "/_localcloud/health", headers={"Host": host})[0] == 200


def test_foreign_web_pages_are_refused(cloud: Any) -> None:
    """A page of another origin reaches neither AWS's API nor the cloud's pages, not even by a simple request."""
    headers = {"Origin": "https://evil.example", "Authorization": SIGNED.format("s3")}
    assert cloud.request("GET", "/", headers=headers)[0] == 403
    for origin in ("null", "http://[", ""):
        assert cloud.request("GET", "/_localcloud/dead-letters", headers={"Origin": origin})[0] == 403
    status, answered, _ = cloud.request("GET", "/", headers={"Authorization": SIGNED.format("s3")})
    assert (status, "Access-Control-Allow-Origin" in answered) == (200, False)


@pytest.mark.parametrize("service", ["cloudformation", "ec2", "kinesis", "secretsmanager", "route53"])
def test_other_services_say_so(cloud: Any, service: str) -> None:
    """A service that is not emulated is refused in a way that boto3 understands."""
    client = cloud.client(service)
    calls = {
        "cloudformation": "list_stacks",
        "ec2": "describe_instances",
        "kinesis": "list_streams",
        "secretsmanager": "list_secrets",
        "route53": "list_hosted_zones",
    }
    with pytest.raises(ClientError) as refused:
        getattr(client, calls[service])()
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


def test_sagemaker_control_plane(cloud: Any) -> None:
    """SageMaker gets operation, body and region; its errors arrive as boto3's."""
    client = cloud.client("sagemaker", region="ap-south-1")
    client.list_endpoints(NameContains="a")
    operation, body, region = cloud.sagemaker.calls[0]
    assert (operation, json.loads(body), region) == ("ListEndpoints", {"NameContains": "a"}, "ap-south-1")
    with pytest.raises(ClientError) as refused:
        client.describe_endpoint(EndpointName="e")
    assert refused.value.response["Error"] == {
        "Code": "ValidationException",
        "Message": 'Could not find endpoint "e".',
    }
    assert refused.value.response["ResponseMetadata"]["RequestId"]


def test_sagemaker_runtime(cloud: Any) -> None:
    """An endpoint is invoked with the body as it came; a model's error has its members."""
    client = cloud.client("sagemaker-runtime")
    answer = client.invoke_endpoint(EndpointName="e", Body=b"\x00\xff", ContentType="application/octet-stream")
    assert (answer["Body"].read(), answer["ContentType"]) == (b"answered", "text/plain")
    assert cloud.sagemaker.calls == [("e", b"\x00\xff", "eu-central-1")]
    with pytest.raises(client.exceptions.ModelError) as refused:
        client.invoke_endpoint(EndpointName="broken", Body=b"")
    assert refused.value.response["OriginalStatusCode"] == 500


def test_pages(cloud: Any) -> None:
    """The cloud's own pages are JSON: health, every delay and limit, dead letters, rules."""
    health = cloud.page("health")
    assert health["ready"] is True
    assert {"s3", "sagemaker", "lambda"} <= set(health["services"])
    settings = cloud.page("settings")
    assert settings["delays"]["lambda_retries"] == [0.0, 0.0]
    assert settings["limits"]["api_timeout"] == 29.0
    assert cloud.page("dead-letters") == []
    assert cloud.page("rules") == []
    assert cloud.request("GET", "/_localcloud/other")[0] == 404
    assert cloud.request("POST", "/_localcloud/health")[0] == 405


def test_history(cloud: Any) -> None:
    """Each call is a line with service, operation, status and time taken, and without its body."""
    cloud.client("sts").get_caller_identity()
    cloud.client("dynamodb").list_tables()
    cloud.client("s3").list_buckets()
    cloud.page("health")
    lines = [(line["service"], line["operation"], line["status"]) for line in cloud.history("call")]
    assert lines == [
        ("sts", "GetCallerIdentity", 200),
        ("dynamodb", "ListTables", 200),
        ("s3", "ListBuckets", 200),
        ("http", "GET /_localcloud/health", 200),
    ]
    assert all(line["ms"] >= 0 for line in cloud.history("call"))


@pytest.mark.parametrize("coding", [b"Content-Length: 1000000\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\nf4240\r\n"])
def test_a_client_that_goes_away_in_the_middle(cloud: Any, wait_for: Any, coding: bytes) -> None:
    """Half of an upload stores nothing, announces nothing, and is no failure of the local cloud's own."""
    s3 = cloud.eventbridge_bucket("half")
    head = b"PUT /half/key HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: " + SIGNED.format("s3").encode() + b"\r\n"
    with socket.create_connection(("127.0.0.1", cloud.cloud.port), timeout=10) as raw:
        raw.sendall(head + coding + b"x" * 1000)
    wait_for(lambda: [line for line in cloud.history("call") if line["operation"] == "PutObject"])
    assert s3.list_objects_v2(Bucket="half")["KeyCount"] == 0
    assert cloud.history("event") == []
    assert "request_failed" not in (cloud.state / "logs" / "cloud.log").read_text()


def test_a_person_opens_an_object(cloud: Any) -> None:
    """Whoever follows an object's address is shown it, as its own type; none may run, and nothing else is unsigned."""
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="shown", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    s3.put_object(Bucket="shown", Key="a b/c+%.html", Body=b"<p>", ContentType="text/html")
    address = "/shown/a%20b/c%2B%25.html"
    for headers in ({}, {"Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "cross-site"}):
        status, answered, body = cloud.request("GET", address, headers=headers)
        assert (status, body, answered["Content-Type"]) == (200, b"<p>", "text/html")
        assert answered["Content-Security-Policy"] == "sandbox"
        assert answered["X-Content-Type-Options"] == "nosniff"
    assert cloud.request("HEAD", address)[0] == 200
    assert cloud.request("GET", "/shown/never")[0] == 404
    for method, path in (
        ("GET", "/"),
        ("GET", "/shown"),
        ("GET", "/shown/"),
        ("GET", f"{address}?acl"),
        ("PUT", address),
    ):
        assert cloud.request(method, path)[0] == 403, (method, path)
    assert s3.get_object(Bucket="shown", Key="a b/c+%.html")["Body"].read() == b"<p>"


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Dest": "empty"}, {"Sec-Fetch-Dest": "script"}]
)
def test_a_page_may_not_read_objects(cloud: Any, headers: dict[str, str]) -> None:
    """A web page may lead a person to an object, and neither fetch it nor run or embed it."""
    s3 = cloud.eventbridge_bucket("hidden")
    s3.put_object(Bucket="hidden", Key="k", Body=b"content")
    status, _, body = cloud.request("GET", "/hidden/k", headers=headers)
    assert (status, b"content" in body) == (403, False)


def test_sixteen_clients(start_cloud: Any) -> None:
    """Sixteen clients at once, each on its own connection, all get their own answers."""
    source = (
        "from chalice import Chalice\napp = Chalice('a')\n"
        "@app.route('/echo/{word}')\ndef echo(word):\n    return {'word': word}\n"
    )
    cloud = start_cloud(source)
    wrong: list[Any] = []

    def ask(number: int) -> None:
        with closing(http.client.HTTPConnection("127.0.0.1", cloud.cloud.port, timeout=30)) as connection:
            for turn in range(20):
                connection.request("GET", f"/dev/echo/{number}-{turn}")
                with connection.getresponse() as response:
                    told = (response.status, json.loads(response.read()))
                if told != (200, {"word": f"{number}-{turn}"}):
                    wrong.append(told)

    clients = [threading.Thread(target=ask, args=(number,), daemon=True) for number in range(16)]
    for client in clients:
        client.start()
    for client in clients:
        client.join(60)
    assert not any(client.is_alive() for client in clients)
    assert wrong == []


def test_a_spot_job_is_interrupted_on_request(cloud: Any) -> None:
    """The page lists the spot jobs that train, interrupts the one that is named, and refuses what is none."""
    assert cloud.page("interruptions") == [{"region": "eu-central-1", "job": "spot"}]
    asked = json.dumps({"region": "eu-central-1", "job": "spot"}).encode()
    assert cloud.request("POST", "/_localcloud/interruptions", asked)[0] == 200
    assert ("interrupt", b"spot", "eu-central-1") in cloud.sagemaker.calls
    for body in (b'{"job": "spot"}', b'{"region": "eu-central-1", "job": "other"}', b"[]", b"no"):
        status, _, answer = cloud.request("POST", "/_localcloud/interruptions", body)
        assert status == 400
        assert json.loads(answer)["message"]


@pytest.mark.parametrize("asked", ['{"advance": Infinity}', '{"advance": NaN}', '{"advance": 1e12}', '{"advance": -1}'])
def test_time_stays_within_the_calendar(start_cloud: Any, asked: str) -> None:
    """A time that no date can tell is refused, and the clock goes on as before (ours)."""
    cloud = start_cloud(virtual_clock=True)
    status, _, body = cloud.request("POST", "/_localcloud/clock", asked.encode())
    assert (status, "2199" in body.decode()) == (400, True)
    assert cloud.request("GET", "/_localcloud/clock")[0] == 200
