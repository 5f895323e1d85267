"""People who ask the live model of a local cloud about real reviews, and tell it later what was right."""

import csv
import gzip
import json
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from tests.e2e.conftest import Local

OF_A_REQUEST = 8  # texts
LABELS_AT_ONCE = 100  # that POST /feedback takes
PATIENCE_S = 240
CAPTURED_WITHIN_S = 4  # of the answer, on the local cloud


@dataclass(frozen=True)
class Review:
    """A text and what a person made of it."""

    text: str
    label: str
    title: str = ""


@dataclass(frozen=True)
class Answered:
    """What the model answered to a review, and how it is named since."""

    review: Review
    label: str
    inference_id: str
    index: int

    @property
    def right(self) -> bool:
        """Whether the model was."""
        return self.label == self.review.label


def read(path: Path) -> list[Review]:
    """Read a file of labelled reviews."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return [Review(row["text"], row["label"], row.get("title", "")) for row in csv.DictReader(file)]


def whole_films(reviews: Sequence[Review], rows: int, seed: int) -> list[Review]:
    """Draw films until there are so many reviews."""
    titles = sorted({review.title for review in reviews})
    random.Random(seed).shuffle(titles)  # noqa: S311 - a seed that can be replayed
    by_title: dict[str, list[Review]] = {}
    for review in reviews:
        by_title.setdefault(review.title, []).append(review)
    films: list[Review] = []
    for title in titles:
        if len(films) >= rows:
            break
        films += by_title[title]
    return films


def drawn(reviews: Sequence[Review], seed: int) -> list[Review]:
    """Return reviews in an order of chance, as readers of many films come."""
    return random.Random(seed).sample(reviews, len(reviews))  # noqa: S311 - a seed that can be replayed


def write(path: Path, reviews: Sequence[Review]) -> Path:
    """Write reviews as an upload."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label", "title"])
        writer.writerows([review.text, review.label, review.title] for review in reviews)
    return path


def ask(local: Local, reviews: Sequence[Review]) -> list[Answered]:
    """Ask the live model, some texts at a time; what was asked is captured soon after."""
    answered = []
    for start in range(0, len(reviews), OF_A_REQUEST):
        some = reviews[start : start + OF_A_REQUEST]
        told = post(local, "predict", {"instances": [{"text": review.text} for review in some]})
        answered += [
            Answered(review, prediction["label"], told["inference_id"], index)
            for index, (review, prediction) in enumerate(zip(some, told["predictions"], strict=True))
        ]
    time.sleep(CAPTURED_WITHIN_S)
    return answered


def tell(local: Local, answered: Sequence[Answered]) -> int:
    """Say of answers what would have been right; return how many labels were taken."""
    taken = 0
    for start in range(0, len(answered), LABELS_AT_ONCE):
        labels = [
            {"inference_id": one.inference_id, "index": one.index, "label": one.review.label}
            for one in answered[start : start + LABELS_AT_ONCE]
        ]
        taken += post(local, "feedback", labels)["taken"]
    return taken


def accuracy(local: Local, reviews: Sequence[Review], folder: Path) -> float:
    """Return the share of reviews that the live model reads rightly; a batch, so that nothing of it is captured."""
    folder.mkdir()
    path = folder / "unseen.jsonl"
    path.write_text("".join(json.dumps({"text": review.text}) + "\n" for review in reviews))
    ran = local.freshet("batch", "reviews", path, "--output", folder / "scores.jsonl")
    assert ran.code == 0, ran.stderr
    lines = map(json.loads, (folder / "scores.jsonl").read_text().splitlines())
    answers = {int(line["id"]): line["label"] for line in lines}
    right = [answers[number] == review.label for number, review in enumerate(reviews, 1)]
    return float(sum(right) / len(right))


def statistics(local: Local, check_id: str) -> dict[str, Any]:
    """Return all that a drift check says of its window."""
    found = local.client("s3").get_object(
        Bucket=local.address["bucket"], Key=f"monitoring/reviews/{check_id}/monitoring/statistics.json"
    )
    told: dict[str, Any] = json.load(found["Body"])
    return told


def post(local: Local, path: str, document: object) -> Any:
    """Post a document to the application's route, as somebody who may write."""
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {local.address['token']}"}
    request = Request(f"{local.address['api_url']}{path}", json.dumps(document).encode(), headers)  # noqa: S310 - loopback
    with urlopen(request) as answer:  # noqa: S310 - loopback
        return json.load(answer)


def listen(local: Local) -> str:
    """Subscribe a queue to what people are told; return its URL."""
    sns, sqs = local.client("sns"), local.client("sqs")
    (topic,) = (one["TopicArn"] for one in sns.list_topics()["Topics"] if one["TopicArn"].endswith("-notices"))
    url: str = sqs.create_queue(QueueName="a-person")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    return url


def wait_for_notice(local: Local, queue: str, words: str) -> str:
    """Wait until people are told something; return all of it."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        for message in local.client("sqs").receive_message(QueueUrl=queue, WaitTimeSeconds=2).get("Messages", ()):
            local.client("sqs").delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            notice = json.loads(message["Body"])
            if words in notice["Subject"]:
                return str(notice["Message"])
    raise AssertionError(f"nobody was told that {words} in {PATIENCE_S} s")


def look(local: Local) -> None:
    """Let the application look now; it would with the next sweep."""
    detail = json.dumps({"stage": "dev", "pipeline": "reviews"})
    entry = {"Source": "freshet", "DetailType": "Freshet Look Wanted", "Detail": detail}
    local.client("events").put_events(Entries=[entry])


def wait_for_run(local: Local, cause: str) -> dict[str, Any]:
    """Wait until the run that somebody asked for is settled."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        run: dict[str, Any] = local.freshet("runs", "reviews", "--limit", "1").last["runs"][0]
        if cause in str(run["cause"]) and run["settled"]:
            return run
        assert time.monotonic() < deadline, run
        time.sleep(1)
