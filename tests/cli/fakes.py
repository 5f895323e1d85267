"""A deployment that exists on paper only: stories as they are told, one look after the other."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from chalicelib.core.actions import Plan
from chalicelib.core.errors import DeniedError, WishError
from chalicelib.core.facts import Job, Upload
from chalicelib.core.ledger import DatasetRow, Decision, Head
from chalicelib.core.stage import Stage
from chalicelib.services.gatekeeper import Gatekeeper
from chalicelib.services.pipelines import Plans
from chalicelib.services.standings import Standing
from chalicelib.services.stories import Explanation, Story
from cli.address import Address, Wish
from cli.clock import Clock
from cli.options import Tools
from cli.running import LocalCloud
from tests.chalicelib.fake_ledger import FakeTokens

START = datetime(2026, 11, 12, tzinfo=UTC)
STAGE = Stage(
    "dev",
    "freshet-dev-123456789012-us-east-1",
    "arn:aws:iam::123456789012:role/r",
    "account/image@sha256:1",
    "freshet-dev-ledger",
    "arn:aws:sns:us-east-1:123456789012:freshet-dev-notices",
)
UPLOAD = Upload("0123456789abcdef", STAGE.bucket_name, "uploads/reviews/a.csv", "v1", 12)
METRICS = {"accuracy": 0.91, "auc": 0.97, "true_positive_rate": 0.9}


def at(seconds: float) -> datetime:
    """Give a moment after the start."""
    return START + timedelta(seconds=seconds)


def local_cloud(state: Path = Path("/state")) -> LocalCloud:
    """Give a local cloud's description."""
    return LocalCloud(state, 4711, 4566, "http://127.0.0.1:4566", "http://127.0.0.1:4566/dev/")


def address() -> Address:
    """Give a local deployment's address."""
    return Address(STAGE, "us-east-1", "http://127.0.0.1:4566/dev/", local_cloud())


def job(step: str, status: str = "Completed", *, begin: float = 0, end: float | None = None) -> Job:
    """Give a job of a step; times are seconds after the start."""
    return Job(f"freshet-dev-reviews-{step}-1", status, None, at(begin), None if end is None else at(end))


def story(state: str, **members: Any) -> Story:
    """Give a run's story."""
    return Story(
        "reviews", "fedcba9876543210", (UPLOAD.key,), state, members.pop("reason", f"because {state}"), **members
    )


LIVE = story(
    "live",
    reason="version 3 answers",
    run_id="1111222233334444",
    jobs={
        "prepare": job("prepare", begin=0, end=2),
        "train": job("train", begin=3, end=63),
        "score": job("score", begin=64, end=70),
        "evaluate": job("evaluate", begin=71, end=72),
    },
    rows={"read": 1500, "train": 1200, "validation": 150, "test": 150},
    metrics=METRICS,
    version=3,
)


STANDING = Standing(
    endpoint="freshet-dev-reviews",
    status="InService",
    version=3,
    wanted=3,
    head=Head("reviews", 7),
    plans={
        "learning": Plan("idle", "every upload is settled"),
        "serving": Plan("live", "version 3 answers"),
        "watching": Plan("idle", "no check is due"),
        "telling": Plan("idle", "nobody needs to be told anything"),
    },
)


TROUBLE = Decision(
    fence=7,
    at=at(0).isoformat(),
    cause="sweep",
    area="learning",
    state="training",
    reason="the rows are prepared",
    outcome="CreateTrainingJob answered ResourceLimitExceeded",
)
EXPLANATION = Explanation(
    replace(LIVE, verdict={"decision": "PROMOTE", "reasons": ["better by enough"], "evidence": {"gain": 0.0123}}),
    (
        Decision(
            fence=1,
            at=at(0).isoformat(),
            cause="Object Created 1234",
            area="learning",
            state="preparing",
            reason="1 new upload",
            evidence={"wish": None},
            actions=("copy upload 0123456789abcdef",),
        ),
    ),
    {"report": "s3://bucket/report.html"},
)


def dataset_row(dataset_id: str) -> DatasetRow:
    """Give the row of a dataset version that is being prepared."""
    return DatasetRow(dataset_id, "preparing", "1 new upload", "1 new upload", at(0).isoformat(), 1)


@dataclass
class FakeTime:
    """Time that passes only by waiting."""

    seconds: float = 0

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds

    def clock(self) -> Clock:
        return Clock(lambda: at(self.seconds), lambda: self.seconds, self.sleep)


@dataclass
class FakeConnection:
    """`cli.connection.Connection` whose stories are a script: the last one stays."""

    script: Sequence[Story | None] = (LIVE,)
    answer: Mapping[str, Any] = field(default_factory=dict)
    address: Address = field(default_factory=address)
    put_keys: list[str] = field(default_factory=list)
    asked: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    looks: int = 0
    stands: Standing = STANDING
    explanations: Mapping[str, Explanation] = field(default_factory=dict)
    wishes: list[str] = field(default_factory=list)
    denied: str = ""  # why wishes are not granted
    deaf: bool = False  # whether nobody can be asked to look
    gatekeeper: Gatekeeper = field(default_factory=lambda: Gatekeeper(FakeTokens(), secrets.token_bytes))

    def put(self, path: Path, key: str, on_bytes: Callable[[int], None]) -> Upload:
        self.put_keys.append(key)
        on_bytes(path.stat().st_size)
        return replace(UPLOAD, key=key, size=path.stat().st_size)

    def fetch(self, prefix: str, target: Path) -> int:
        target.write_text(f'{{"from": "{prefix}"}}\n')
        return 1

    def run_of(self, _pipeline: str, upload: Upload) -> Story | None:
        told = self._next()
        return replace(told, files=(upload.key,)) if told else None

    def batch_of(self, pipeline: str, upload: Upload) -> Story | None:
        return self.run_of(pipeline, upload)

    def runs(self, _pipeline: str, limit: int) -> Sequence[Story]:
        return [told for told in self.script if told][:limit]

    def explain(self, _pipeline: str, wanted_id: str) -> Explanation | None:
        return self.explanations.get(wanted_id)

    def standing(self, pipeline: str) -> Standing:
        return replace(self.stands, head=replace(self.stands.head, pipeline=pipeline))

    def plan(self, _pipeline: str) -> Plans:
        return self.stands.plans

    def retrain(self, pipeline: str, *, forced: bool) -> str:
        self._wish(f"retrain {pipeline} forced={forced}")
        return "wish-1"

    def ask_for_check(self, pipeline: str, hours: float) -> str:
        self._wish(f"check {pipeline} {hours:g}")
        return "ask-1"

    def checked(self, _pipeline: str, ask_id: str) -> Story | None:
        assert ask_id == "ask-1"
        return self._next()

    def wished(self, _pipeline: str, wish_id: str) -> Story | None:
        assert wish_id == "wish-1"
        return self._next()

    def roll_back(self, pipeline: str, to: int | None) -> int:
        self._wish(f"roll back {pipeline} to={to}")
        return to or 2

    def version_of(self, _pipeline: str, version: int) -> Story:
        told = self._next()
        assert told
        return replace(told, version=version)

    def judge(self, pipeline: str, version: int, *, approved: bool) -> None:
        self._wish(f"judge {pipeline} {version} approved={approved}")

    def ask_for_look(self, pipeline: str) -> None:
        if self.deaf:
            raise DeniedError("PutEvents answered AccessDenied")
        self.wishes.append(f"look at {pipeline}")

    def predict(self, pipeline: str, instance: Mapping[str, Any]) -> Mapping[str, Any]:
        self.asked.append((pipeline, instance))
        return self.answer

    def dead_letters(self) -> int | None:
        return 2

    def _next(self) -> Story | None:
        told = self.script[min(self.looks, len(self.script) - 1)]
        self.looks += 1
        return told

    def _wish(self, wish: str) -> None:
        if self.denied:
            raise WishError(self.denied)
        self.wishes.append(wish)


def tools(connection: FakeConnection, wishes: list[Wish] | None = None) -> Tools:
    """Give a command a connection, and note what it wished for."""

    def connect(wish: Wish) -> FakeConnection:
        if wishes is not None:
            wishes.append(wish)
        return connection

    return Tools(connect, FakeTime().clock())
