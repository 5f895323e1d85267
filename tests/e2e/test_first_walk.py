"""From an upload to a live prediction: real training, real servers, real events, nothing patched."""

import csv
import json
import random
import tarfile
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import numpy as np
import pytest

from benchmarks.load import Client, Load
from cli import sample
from tests.e2e import counted
from tests.e2e.conftest import Local, Ran
from tests.training.sample import csv_file, make_people
from training.learners.model import load as load_model

pytestmark = pytest.mark.e2e

ROWS = 1_200
CLIENTS = 4
NOT_GRANTED, REFUSED = 2, 4  # exit codes


def write_sample(path: Path, seed: int) -> Path:
    """Write a labelled sample."""
    sample.write(path, ROWS, seed)
    return path


@pytest.fixture(scope="module")
def first(local: Local, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    """Upload a sample, with two bad rows at its end, to an empty cloud and wait; give its story."""
    path = write_sample(tmp_path_factory.mktemp("first") / "first.csv", 1)
    with path.open("ab") as file:
        file.write(b"fine,great,a film\r\ncaf\xe9,positive,a film\r\n")
    ran = local.freshet("upload", "reviews", path, "--wait")
    assert ran.code == 0, ran.stderr
    story: Mapping[str, Any] = ran.last
    return story


@pytest.fixture
def texts(tmp_path: Path) -> list[str]:
    """Give texts that no model has seen, some of them hard."""
    with write_sample(tmp_path / "unseen.csv", 7).open(encoding="utf-8", newline="") as file:
        written = [row["text"] for row in csv.DictReader(file)][:200]
    return [
        *written,
        "",
        " ",
        "<br /><b>Tolles</b> Kino &amp; mehr!",
        "\uff26\uff35\uff2c\uff2c width",
        "😀" * 50,
        'a "quoted"\nline',
    ]


def test_live(local: Local, first: Mapping[str, Any]) -> None:
    """An upload to an empty cloud ends in a live model that is better than chance on rows it never saw."""
    assert (first["state"], first["version"]) == ("live", 1)
    assert list(first["jobs"]) == ["prepare", "train", "score", "evaluate"]
    assert all(job["status"] == "Completed" for job in first["jobs"].values())
    assert first["metrics"]["accuracy"] > 0.7
    assert first["metrics"]["auc"] > 0.8
    status = local.freshet("status").last
    assert status["dead_letters"] == 0


def test_bad_rows_are_set_aside(first: Mapping[str, Any]) -> None:
    """Few bad rows cost only themselves: the rest goes live, and which they are is told."""
    assert first["rows"]["rejected"] == 2
    assert first["rejected"] == [
        {"file": "first.csv", "reason": reason, "lines": [line], "rows": 1}
        for line, reason in (
            (ROWS + 2, "column 'label' must be one of negative, positive"),
            (ROWS + 3, "the text is not UTF-8"),
        )
    ]


def test_opinions(local: Local, first: Mapping[str, Any]) -> None:  # noqa: ARG001 - a model is live
    """The route tells a good opinion from a bad one."""
    good = local.freshet("predict", "A wonderful, moving film; go and see it.").last
    bad = local.freshet("predict", "The plot is dull and the acting was awful.").last
    assert good["predictions"][0]["label"] == "positive"
    assert bad["predictions"][0]["label"] == "negative"
    assert good["model_version"] == bad["model_version"]


def test_feedback(local: Local, first: Mapping[str, Any]) -> None:  # noqa: ARG001 - a model is live
    """A label of a prediction, from a caller with a token, lies where ground truth is looked for, once."""
    asked = local.freshet("predict", "A moving film.").last["inference_id"]

    def say(label: str) -> Any:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {local.address['token']}"}
        body = json.dumps({"inference_id": asked, "index": 0, "label": label}).encode()
        with urlopen(Request(f"{local.address['api_url']}feedback", body, headers)) as response:  # noqa: S310 - loopback
            return json.load(response)

    assert say("positive") == {"taken": 1, "repeated": 0}
    with pytest.raises(HTTPError, match="409"):
        say("negative")
    s3, bucket = local.client("s3"), local.address["bucket"]
    (stored,) = s3.list_objects_v2(Bucket=bucket, Prefix="ground-truth/reviews/")["Contents"]
    assert stored["Key"].endswith(f"/{asked}-0.jsonl")
    line = json.load(s3.get_object(Bucket=bucket, Key=stored["Key"])["Body"])
    assert (line["groundTruthData"]["data"], line["eventMetadata"]["eventId"]) == ("positive", asked)


def test_one_text_one_score(local: Local, first: Mapping[str, Any], texts: list[str], tmp_path: Path) -> None:
    """Real time, batch and training code give the same text the same score to 1e-6."""
    with (tmp_path / "texts.jsonl").open("w") as file:
        file.writelines(json.dumps({"text": text}) + "\n" for text in texts)
    ran = local.freshet("batch", "reviews", tmp_path / "texts.jsonl", "--output", tmp_path / "scores.jsonl")
    assert ran.code == 0, ran.stderr
    answers = {int(a["id"]): a["score"] for a in map(json.loads, (tmp_path / "scores.jsonl").read_text().splitlines())}
    of_batch = [answers[number] for number in range(1, len(texts) + 1)]
    client = Client(local.address["api_url"])
    of_route = [client.ask({"text": text})[1]["predictions"][0]["score"] for text in texts]
    client.close()
    bucket, _, key = first["jobs"]["train"]["artifact_uri"].removeprefix("s3://").partition("/")
    local.client("s3").download_file(bucket, key, str(tmp_path / "model.tar.gz"))
    (tmp_path / "model").mkdir()
    with tarfile.open(tmp_path / "model.tar.gz") as archive:
        for member in archive:
            if content := archive.extractfile(member):
                (tmp_path / "model" / Path(member.name).name).write_bytes(content.read())
    of_code = load_model(tmp_path / "model").model.score([{"text": text} for text in texts])
    assert np.abs(np.array(of_batch) - of_code).max() <= 1e-6
    assert np.abs(np.array(of_route) - of_code).max() <= 1e-6


def test_update_without_a_lost_request(local: Local, first: Mapping[str, Any], tmp_path: Path) -> None:  # noqa: ARG001
    """While a second model replaces the first, every request is answered and no client sees the first one again."""
    questions = [{"text": f"The acting was superb and take {number} is moving."} for number in range(50)]
    with Load(local.address["api_url"], questions, CLIENTS) as load:
        ran = local.freshet("upload", "reviews", write_sample(tmp_path / "second.csv", 2), "--wait")
        seen = len(load.answers)
        while len(load.answers) < seen + 50 * CLIENTS and not any(answer.failed for answer in load.answers[seen:]):
            pass_time(local)
    assert ran.code == 0, ran.stderr
    assert ran.last["version"] == 2
    assert [answer for answer in load.answers if answer.failed] == []
    assert {answer.version for answer in load.answers} == {"1", "2"}
    assert not load.went_back()


def pass_time(local: Local) -> None:
    """Let the clients ask on, for as long as a call takes."""
    local.client("sagemaker").list_endpoints()


def test_same_file_again(local: Local, first: Mapping[str, Any], tmp_path: Path) -> None:  # noqa: ARG001
    """Rows of before in another order and under another name train nothing: the run is the one that is live."""
    path = write_sample(tmp_path / "shuffled.csv", 1)
    header, *lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    random.Random(0).shuffle(lines)  # noqa: S311 - any order
    path.write_text(header + "".join(lines), encoding="utf-8")
    trained = training_jobs(local)
    ran = local.freshet("upload", "reviews", path, "--wait")
    assert ran.code == 0, ran.stderr
    assert (ran.last["state"], ran.last["run_id"]) == ("live", trained[0].rsplit("-", 1)[-1])
    assert training_jobs(local) == trained
    assert local.freshet("status").last["dead_letters"] == 0


def training_jobs(local: Local) -> list[str]:
    """Give the names of all training jobs, the newest first."""
    found = local.client("sagemaker").list_training_jobs(SortBy="CreationTime", SortOrder="Descending")
    return [job["TrainingJobName"] for job in found["TrainingJobSummaries"]]


def test_explained(local: Local, first: Mapping[str, Any]) -> None:
    """Afterwards a run can be read: each decision from the upload's event to the endpoint, all carried out."""
    told = local.freshet("explain", str(first["run_id"])).last
    states = [decision["state"] for decision in told["decisions"]]
    assert states[0] == "preparing"
    assert states[-1] == "live"
    assert told["decisions"][0]["cause"].startswith("Object Created ")
    assert {decision["outcome"] for decision in told["decisions"]} == {"done"}
    assert told["verdict"]["decision"] == "PROMOTE"


def test_rollback_and_retrain(local: Local, first: Mapping[str, Any]) -> None:  # noqa: ARG001 - two models were live
    """A rollback is answered by the version before, and holds until a run that somebody forces makes a newer one."""
    before = local.freshet("status").last["pipelines"][0]["version"]
    back = local.freshet("rollback", "reviews", "--wait")
    assert (back.code, back.last["version"]) == (0, before - 1), back.stderr
    assert local.freshet("predict", "A wonderful, moving film.").last["model_version"] == str(before - 1)
    nothing = local.freshet("retrain", "reviews", "--wait")
    assert (nothing.code, nothing.last["state"]) == (0, "not started"), nothing.stderr
    forced = local.freshet("retrain", "reviews", "--force", "--wait")
    assert (forced.code, forced.last["version"]) == (0, before + 1), forced.stderr
    standing = local.freshet("status").last["pipelines"][0]
    assert (standing["version"], standing["bad"], standing["troubles"]) == (before + 1, [before], [])
    assert local.freshet("rollback", "reviews", "--to", "99").code == NOT_GRANTED


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("text,label,title\n", "no rows"),
        ("review,label\nfine,positive\n", "text"),
        ("text,label,title\nfine,positive,a\nbad,who knows,b\n", "line 3: column 'label'"),
    ],
    ids=["header-only", "wrong-columns", "unknown-label"],
)
def test_bad_files(local: Local, tmp_path: Path, content: str, reason: str) -> None:
    """A file that cannot be used ends with the reason, and an exit code that scripts can trust."""
    path = tmp_path / "bad.csv"
    path.write_text(content)
    ran = local.freshet("upload", "reviews", path, "--wait")
    assert ran.code == REFUSED
    assert ran.last["state"] == "refused"
    assert reason in ran.last["reason"]


def test_one_class(local: Local, tmp_path: Path) -> None:
    """Rows that make no model together are refused together, though each of them is good."""
    rows = [person for person in make_people(60) if person["income"] == "<=50K"]
    (tmp_path / "poor.csv").write_bytes(csv_file(rows))
    ran = local.freshet("upload", "income", tmp_path / "poor.csv", "--wait")
    assert (ran.code, ran.last["state"]) == (REFUSED, "refused"), ran.stderr
    assert ">50K" in ran.last["reason"]


def test_page(local: Local) -> None:
    """The page answers under the stage's path, and its relative addresses lead to its files."""
    page = local.address["page_url"]
    for name, needle in (("", "<form"), ("web/page.js", "fetch("), ("web/style.css", "main")):
        with urlopen(page + name) as response:  # noqa: S310 - our own loopback address
            assert needle in response.read().decode()
            assert response.headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_report_of_a_drift_check(local: Local, first: Mapping[str, Any]) -> None:  # noqa: ARG001 - a model is live
    """Whoever follows the link that the page has of a drift check reads the report, as a page."""
    local.freshet("predict", "A moving film.")
    ran = check_drift(local)
    with urlopen(f"{local.address['api_url']}pipelines/reviews/checks") as response:  # noqa: S310 - loopback
        check = json.load(response)["checks"][0]
    assert (check["id"], check["state"]) == (ran.last["id"], ran.last["state"])
    with urlopen(check["report"]) as response:  # noqa: S310 - our own loopback address
        assert response.headers.get_content_type() == "text/html"
        assert b"<!doctype html>" in response.read().lower()


def test_coverage_of_a_check(local: Local, first: Mapping[str, Any]) -> None:  # noqa: ARG001 - a model is live
    """A check expects as many requests as CloudWatch counted in its window, and finds all of them captured."""
    if not asked_today(local):
        local.freshet("predict", "A moving film.")
    while not asked_today(local):
        pass_time(local)
    folder = f"monitoring/reviews/{check_drift(local).last['id']}"
    window, statistics = (
        counted.read(local, f"{folder}/{name}.json") for name in ("window/window", "monitoring/statistics")
    )
    coverage = statistics["coverage"]
    assert window["expected"] == coverage["expected"] > 0
    assert window["expected"] == counted.answered(
        local, *(datetime.fromisoformat(window[name]) for name in ("start", "end"))
    )
    theirs = coverage["left_out"].get("answered by another version", 0)
    assert coverage["read"] + theirs >= window["expected"]
    assert (coverage["share"], coverage["unreadable"]) == (1.0, {})


def check_drift(local: Local) -> Ran:
    """Ask for a check of the last day and wait; each verdict will do."""
    ran = local.freshet("drift", "reviews", "--hours", "24", "--wait")
    assert ran.code in {0, 3, 4}, ran.stderr
    return ran


def asked_today(local: Local) -> float:
    """Count what was asked in the last day, but for the minute that is not over."""
    now = datetime.now(UTC)
    return counted.answered(local, now - timedelta(hours=24), now)
