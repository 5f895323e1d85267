"""The first walk on real reviews: accuracy, equal scores, an update under load, and the time not spent in jobs.

``python -m benchmarks.first_walk --data FOLDER``, where FOLDER/imdb holds train.csv.gz and test.csv.gz (columns text,
label, title). Everything goes through the `freshet` command and the HTTP route of a fresh local cloud; the training
code's own scores are read from the artifact. Nothing is chosen by test.csv.gz.
"""

import argparse
import csv
import gzip
import json
import os
import random
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from itertools import islice
from pathlib import Path
from typing import Any

import boto3
import numpy as np
from sklearn.metrics import accuracy_score, roc_auc_score

from benchmarks.load import Client, Load
from training.learners.model import load as load_model

FRESHET = Path(sys.executable).with_name("freshet")
SAMPLE = 1_000
CLIENTS = 16
AFTER_S = 5.0
SLOW_INSTANCES = 1_000


@dataclass(frozen=True)
class Local:
    """A local cloud of our own."""

    state: Path
    address: Mapping[str, Any]

    def freshet(self, *arguments: str) -> Any:  # noqa: ANN401 - JSON
        """Run the command; give the last document it printed."""
        environment = {**os.environ, "FRESHET_STATE": str(self.state)}
        ran = subprocess.run(
            [FRESHET, *arguments, "--json"], env=environment, check=True, stdout=subprocess.PIPE, timeout=1800
        )
        return json.loads(ran.stdout.splitlines()[-1])

    def client(self, service: str) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
        """Give a boto3 client."""
        return boto3.client(  # type: ignore[call-overload]
            service,
            endpoint_url=self.address["endpoint_url"],
            region_name=self.address["region"],
            aws_access_key_id="local",
            aws_secret_access_key="local",  # noqa: S106 - the local cloud has no secrets
        )


def rows(path: Path) -> Iterator[Mapping[str, str]]:
    """Read a file of reviews."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def accuracy(local: Local, test: Path, folder: Path) -> list[float]:
    """Bar 1: score the test file in a batch; give the scores in its order."""
    out = folder / "scores.jsonl"
    local.freshet("batch", "reviews", str(test), "--wait", "--output", str(out))
    answers = {int(answer["id"]): answer for answer in map(json.loads, out.read_text().splitlines())}
    scored = [answers[number] for number in range(1, len(answers) + 1)]
    labels = [row["label"] for row in rows(test)]
    scores = [float(answer["score"]) for answer in scored]
    right = accuracy_score(labels, [answer["label"] for answer in scored])
    auc = roc_auc_score([label == "positive" for label in labels], scores)
    print(f"  test.csv.gz: {len(labels)} rows, accuracy {right:.4f} (bar 0.910), AUC {auc:.4f} (bar 0.967)")
    return scores


def same_scores(local: Local, test: Path, batch: list[float], story: Mapping[str, Any], folder: Path) -> None:
    """Bar 2: the same text scored by the route, by the batch and by the training code."""
    chosen = sorted(random.Random(0).sample(range(len(batch)), SAMPLE))  # noqa: S311 - a fixed sample
    texts = [row["text"] for row in rows(test)]
    client = Client(local.address["api_url"])
    route = []
    for number in chosen:
        status, answer = client.ask({"text": texts[number]})
        assert status == HTTPStatus.OK, answer
        route.append(answer["predictions"][0]["score"])
    client.close()
    train = story["jobs"]["train"]["artifact_uri"].removeprefix("s3://")
    bucket, _, key = train.partition("/")
    local.client("s3").download_file(bucket, key, str(folder / "model.tar.gz"))
    with tarfile.open(folder / "model.tar.gz") as archive:
        for member in archive:
            content = archive.extractfile(member)
            if member.isfile() and content:
                (folder / "model").mkdir(exist_ok=True)
                (folder / "model" / Path(member.name).name).write_bytes(content.read())
    code = load_model(folder / "model").model.score([{"text": texts[number]} for number in chosen])
    of_batch = np.array([batch[number] for number in chosen])
    worst = max(float(np.abs(np.array(route) - of_batch).max()), float(np.abs(code - of_batch).max()))
    print(f"  {SAMPLE} reviews by route, batch and training code: largest difference {worst:.1e} (bar 1e-6)")


def update_under_load(local: Local, train: Path) -> None:
    """Bar 3: a second version, learnt from the same rows so that the gate lets it pass, goes live under load."""
    texts = [row["text"] for row in islice(rows(train), 100)]
    long = {"instances": [{"text": (text * 40)[:5000]} for text in (texts * 20)[:SLOW_INSTANCES]]}
    sagemaker = local.client("sagemaker")
    retrain = subprocess.Popen(
        [FRESHET, "retrain", "reviews", "--force", "--wait", "--json"],
        env={**os.environ, "FRESHET_STATE": str(local.state)},
        stdout=subprocess.DEVNULL,
    )
    evaluating = False
    while not evaluating:  # the load begins before UpdateEndpoint, when the last job before it runs
        time.sleep(0.2)
        jobs = sagemaker.list_processing_jobs(NameContains="evaluate", StatusEquals="InProgress")
        evaluating = bool(jobs["ProcessingJobSummaries"])
        assert retrain.poll() is None or evaluating, "the run ended before the load began"
    endpoint = sagemaker.list_endpoints()["Endpoints"][0]["EndpointName"]
    with (
        Load(local.address["api_url"], [{"text": text} for text in texts], CLIENTS) as load,
        Load(local.address["api_url"], [long], 1) as slow,
    ):
        assert retrain.wait(600) == 0
        live = time.monotonic()
        assert sagemaker.describe_endpoint(EndpointName=endpoint)["EndpointStatus"] == "InService"
        time.sleep(AFTER_S)
    swap = min(answer.ended for answer in load.answers if answer.version == "2")
    crossing = [answer for answer in slow.answers if answer.began < swap < answer.ended]
    counts = {version: sum(answer.version == version for answer in load.answers) for version in ("1", "2")}
    failed = sum(answer.failed for answer in [*load.answers, *slow.answers])
    print(
        f"  {CLIENTS} clients until {AFTER_S:.0f} s after InService, "
        f"seen {live - swap:+.2f} s after the first new answer:"
    )
    print(f"    {len(load.answers)} answers, {failed} failed; by version {counts} (bar 200 each)")
    print(f"    a version went back: {load.went_back()}")
    for answer in crossing:
        print(
            f"    in flight at the swap for {answer.ended - answer.began:.1f} s: "
            f"status {answer.status}, version {answer.version}"
        )


def walk(local: Local, train: Path) -> Mapping[str, Any]:
    """Bars 1 and 4: upload, wait for the endpoint, and tell the time that no job process accounts for."""
    key = f"uploads/reviews/{train.name}"
    with train.open("rb") as file:
        local.client("s3").put_object(Bucket=local.address["bucket"], Key=key, Body=file)
    answered = datetime.now(UTC)
    live = endpoint_in_service(local, deadline=time.monotonic() + 1800)
    (story,) = local.freshet("runs", "reviews")["runs"]
    spans = {
        step: (datetime.fromisoformat(job["ended"]) - datetime.fromisoformat(job["started"])).total_seconds()
        for step, job in story["jobs"].items()
    }
    total = (live - answered).total_seconds()
    steps = ", ".join(f"{step} {seconds:.1f}" for step, seconds in spans.items())
    print(f"  split {story['rows']}")
    print(f"  held-out rows of the run: {story['metrics']}")
    print(f"  upload's answer to live {total:.1f} s; in job processes {sum(spans.values()):.1f} s ({steps})")
    print(f"  outside job processes {total - sum(spans.values()):.2f} s (bar 5)")
    return dict(story)


def endpoint_in_service(local: Local, deadline: float) -> datetime:
    """Wait for the endpoint; give the time at which it was in service by SageMaker's own clock."""
    sagemaker = local.client("sagemaker")
    while time.monotonic() < deadline:
        for endpoint in sagemaker.list_endpoints()["Endpoints"]:
            if endpoint["EndpointStatus"] == "InService":
                return endpoint["LastModifiedTime"]  # type: ignore[no-any-return] # boto3 gives a datetime
        for story in local.freshet("runs", "reviews")["runs"]:
            assert story["state"] not in {"failed", "refused", "held", "rejected"}, story["reason"]
        time.sleep(0.5)
    raise TimeoutError("no endpoint got in service")


def main() -> None:
    """Measure all four."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--data", type=Path, required=True, help="folder that holds imdb/train.csv.gz and imdb/test.csv.gz"
    )
    data = parser.parse_args().data / "imdb"
    with tempfile.TemporaryDirectory(prefix="freshet-bench-") as name:
        folder = Path(name)
        state = folder / "state"
        subprocess.run(
            [FRESHET, "up", "--detach", "--port", "0", "--state", state], check=True, stdout=subprocess.DEVNULL
        )
        environment = {**os.environ, "FRESHET_STATE": str(state)}
        try:
            status = subprocess.run([FRESHET, "status", "--json"], env=environment, check=True, stdout=subprocess.PIPE)
            local = Local(state, json.loads(status.stdout))
            print("1. accuracy, and 4. time outside job processes")
            story = walk(local, data / "train.csv.gz")
            scores = accuracy(local, data / "test.csv.gz", folder)
            print("2. one text, one score")
            same_scores(local, data / "test.csv.gz", scores, story, folder)
            print("3. an update under load")
            update_under_load(local, data / "train.csv.gz")
        finally:
            subprocess.run([FRESHET, "down"], env=environment, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
