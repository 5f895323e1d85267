"""A local cloud whose time passes when it is told to, with the application on it, and the people of a month.

Its sweeps rest while nothing can be due: a virtual month has 8,640 of them, each with dozens of calls.
"""

import json
import random
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from chalicelib import settings
from chalicelib.adapters import clients
from chalicelib.bootstrap import services_of
from chalicelib.core.stage import Stage
from chalicelib.pipelines import PIPELINES
from cli import image, local_token
from infra import resources
from tests.contract.clouds import REGION, ROOT, LocalCloud
from tests.training.sample import csv_file, make_homes

PIPELINE = "housing"
SPEC = PIPELINES[PIPELINE]
MOVED = ("CRIM", "ZN", "INDUS", "NOX", "AGE", "DIS", "RAD", "TAX", "PTRATIO", "B", "LSTAT")
ROWS, OF_A_REQUEST, LABELS = 300, 50, 60  # asked about in a day, at once, and labelled
TOGGLES = 6  # of an alarm that flaps
SERVICES = ("sagemaker", "s3", "dynamodb", "monitoring", "sns", "events")
REFUSED = 0.05  # of all calls
Label = dict[str, str | int | float]
# How calls are refused, in equal parts.
KINDS: tuple[Mapping[str, object], ...] = (
    {"throttle": True},
    {"error": {"code": "InternalFailure", "message": "asked for", "status": 500}},
    {"error": {"code": "InternalFailure", "message": "asked for", "status": 500}, "when": "after"},
    {"drop": True, "when": "after"},
)
_MINUTE_S = 60
_LEAST_SWEEPS, _MOST_SWEEPS = 4, 96  # of a night: so many that what is due is met, and until what it began has ended
_TRIES, _PAUSE_S = 20, 0.5
_BROKEN = 500  # the first HTTP status that is not the caller's fault
# Enough for servers and jobs that do real work on a busy machine; small delays otherwise.
_SLOW = {"invocation": 60, "ping_deadline": 240, "parallel_jobs": 1, "server_stop": 20, "job_stop": 60}


@dataclass
class Machine:
    """The cloud, the stage on it, and the token with which people write."""

    cloud: LocalCloud
    stage: Stage
    token: str
    api_url: str

    @property
    def now(self) -> datetime:
        """The cloud's time."""
        return datetime.fromisoformat(self.cloud.page("clock")["now"])

    def pass_until(self, at: datetime) -> None:
        """Let time pass."""
        seconds = (at - self.now).total_seconds()
        if seconds > 0:
            self.cloud.advance(seconds)

    def refuse(self) -> None:
        """Let one call in twenty fail, from now on."""
        share = REFUSED / len(KINDS)
        for seed, kind in enumerate(KINDS):
            for service in SERVICES:
                rule = {"call": f"{service}.*", "probability": share, "seed": seed, "times": None, **kind}
                self.cloud.page("faults", rule)

    def forgive(self) -> int:
        """Let no call fail any more; return how many did."""
        struck = sum(rule["happened"] for rule in self.cloud.page("faults"))
        self.cloud.page("faults", {"remove": "all"})
        return int(struck)

    def sweeps(self, *, on: bool) -> None:
        """Let the schedules of the application fire, or rest."""
        events = clients.client("events")
        for rule in events.list_rules()["Rules"]:
            if "ScheduleExpression" in rule:
                (events.enable_rule if on else events.disable_rule)(Name=rule["Name"])

    def post(self, path: str, document: object) -> Any:
        """Post a document, again where the answer is that it should be."""
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"}
        for _ in range(_TRIES):
            request = Request(f"{self.api_url}{path}", json.dumps(document).encode(), headers)  # noqa: S310 - loopback
            try:
                with urlopen(request) as answer:  # noqa: S310 - loopback
                    return json.load(answer)
            except HTTPError as error:
                if error.code < _BROKEN:
                    raise
            time.sleep(_PAUSE_S)
        raise AssertionError(f"{path} was answered by errors alone")


@dataclass
class People:
    """Those who upload, ask, label and are told."""

    machine: Machine
    dice: random.Random = field(default_factory=lambda: random.Random(1))  # noqa: S311 - a seed
    heard: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        sqs = clients.client("sqs")
        self._queue = sqs.create_queue(QueueName="a-person")["QueueUrl"]
        told = sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])["Attributes"]
        topic = self.machine.stage.topic_arn
        clients.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=told["QueueArn"])

    def upload(self, name: str, rows: int) -> None:
        """Upload invented homes."""
        key, body = f"uploads/{PIPELINE}/{name}", csv_file(_homes(rows, 1))
        clients.client("s3").put_object(Bucket=self.machine.stage.bucket_name, Key=key, Body=body)

    def ask(self, day: int, *, moved: bool) -> list[Label]:
        """Ask about the homes of a day; return what would be right of each answer."""
        homes, right = _homes(ROWS, 100 + day), []
        for start in range(0, ROWS, OF_A_REQUEST):
            some = homes[start : start + OF_A_REQUEST]
            instances = [_instance(home, moved=moved) for home in some]
            told = self.machine.post(f"pipelines/{PIPELINE}/predict", {"instances": instances})
            right += [
                {"inference_id": told["inference_id"], "index": index, "label": float(home["MEDV"])}
                for index, home in enumerate(some)
            ]
        return right

    def label(self, right: list[Label]) -> None:
        """Say of some homes what would have been right."""
        self.machine.post("feedback", right[:LABELS])

    def flap(self) -> None:
        """Let an alarm ring and fall silent, again and again."""
        name = self.machine.stage.names.alarm(PIPELINE, self.dice.choice(("drift", "quality")))
        for number in range(TOGGLES):
            state = ("ALARM", "OK")[number % 2]
            clients.client("cloudwatch").set_alarm_state(AlarmName=name, StateValue=state, StateReason="flapping")
            self.machine.cloud.advance(_MINUTE_S)

    def listen(self) -> None:
        """Hear what came since."""
        sqs = clients.client("sqs")
        while found := sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10).get("Messages", []):
            self.heard += [json.loads(message["Body"])["Message"] for message in found]
            for message in found:
                sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])


def _homes(count: int, seed: int) -> list[dict[str, str]]:
    """Return homes whose values no model can know to the last thousand, so that good models are alike to the gate."""
    dice = random.Random(seed)  # noqa: S311 - a seed
    return [{**home, "MEDV": f"{float(home['MEDV']) + dice.gauss(0, 2):.1f}"} for home in make_homes(count, seed)]


def _instance(home: Mapping[str, str], *, moved: bool) -> dict[str, Any]:
    """Give a home as a caller sends it; in a moved one of ``MOVED`` everything is high."""
    told: dict[str, Any] = {column.name: home[column.name] or None for column in SPEC.columns}
    numbers = {name: float(told[name]) for name in told if name != "CHAS" and told[name] is not None}
    high = {name: 80 + numbers[name] / 5 for name in numbers if moved and name in MOVED}
    return {**told, **numbers, **high}


def rest(machine: Machine) -> None:
    """Let the application sweep until nothing is under way."""
    ledger = services_of(machine.stage).pipelines.ledger
    machine.sweeps(on=True)
    for number in range(_MOST_SWEEPS):
        machine.cloud.advance(5 * _MINUTE_S)
        head = ledger.head(PIPELINE)
        if number >= _LEAST_SWEEPS and not (head.dataset_id or head.wish or head.check_id or head.update):
            break
    else:
        raise AssertionError(f"stuck: {head}")
    machine.sweeps(on=False)


@contextmanager
def machine(folder: Path, patch: pytest.MonkeyPatch) -> Iterator[Machine]:
    """Start a local cloud on a virtual clock, make the stage on it, and stop it whatever happens."""
    template = resources.read_template()
    uri = image.uri(ROOT, REGION)
    variables = resources.environment(template, stage="dev", region=REGION, image_uri=uri)
    images, environment = folder / "programs.json", folder / "environment.json"
    images.write_text(json.dumps({uri: {"command": [sys.executable, "-m", "training"], "cwd": str(ROOT), "env": {}}}))
    environment.write_text(json.dumps(variables))
    cloud = LocalCloud(
        folder,
        *("--app-dir", str(ROOT), "--stage", "dev", "--environment", str(environment), "--images", str(images)),
        *("--clock", "virtual"),
        **_SLOW,
    )
    patch.setenv("AWS_ENDPOINT_URL", cloud.endpoint_url)
    try:
        yield _furnished(cloud, template, settings.stage(variables))
    finally:
        cloud.end()


def _furnished(cloud: LocalCloud, template: Mapping[str, Any], stage: Stage) -> Machine:
    api_url = json.loads((cloud.state / "cloud.json").read_text())["api_url"]
    resources.create(template, stage=stage.name, client=clients.client)
    now = datetime.fromisoformat(cloud.page("clock")["now"])
    made = Machine(cloud, stage, local_token.admit(cloud.state, services_of(stage).gatekeeper, now), api_url)
    made.sweeps(on=False)
    return made


def midnight(at: datetime) -> datetime:
    """Return the midnight after a time."""
    return at.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
