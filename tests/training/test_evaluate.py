import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from chalicelib.core.gate import judge
from chalicelib.core.spec import PipelineSpec
from chalicelib.pipelines.housing import SPEC as HOUSING
from tests.training.evaluated import Job, archive
from tests.training.sample import json_lines, make_rows, put_spec
from training import evaluate
from training.errors import ArtifactError, InputError
from training.learners.model import load
from training.settings import Settings

TRUTH: list[dict[str, Any]] = [
    {
        "id": f"{place:02d}",
        "label": ("negative", "positive")[place % 2],
        "group": f"g{place % 7}" if place % 5 else None,
    }
    for place in range(40)
]
SCORES = [
    {"id": row["id"], "label": row["label"], "score": 0.9 if row["label"] == "positive" else 0.2, "model_version": "7"}
    for row in TRUTH
]


VALUES = [{"id": row["id"], "value": float(place), "model_version": "7"} for place, row in enumerate(TRUTH)]
NUMBERS: list[dict[str, Any]] = [
    {**row, "label": place + (0.5 if place % 2 else -0.5)} for place, row in enumerate(TRUTH)
]


def run(
    base: Path, spec: PipelineSpec, *scores: list[dict[str, Any]], truth: list[dict[str, Any]] = TRUTH
) -> dict[str, Any]:
    settings = Settings(base)
    put_spec(settings.processing_input("spec"), spec)
    parts = {"truth/labels.jsonl": truth} | {f"scores/{n}.jsonl.out": part for n, part in enumerate(scores)}
    for name, rows in parts.items():
        path = base / "processing/input" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    evaluate.run(settings)
    value: dict[str, Any] = json.loads((settings.processing_output("evaluation") / "evaluation.json").read_text())
    return value


def test_quality_has_sagemakers_layout(tmp_path: Path, spec: PipelineSpec) -> None:
    """Scores in any order and number of files give the metrics in the documented layout, with deviations."""
    wrong = [{**SCORES[0], "label": "positive", "score": 0.8}, *SCORES[1:]]
    quality = run(tmp_path, spec, wrong[20:], wrong[:20])
    measured = quality["binary_classification_metrics"]
    assert quality["version"] == 0.0
    assert quality["dataset"]["item_count"] == 40
    assert quality["model_versions"] == ["7"]
    assert measured["accuracy"]["value"] == pytest.approx(39 / 40)
    assert 0 < measured["accuracy"]["standard_deviation"] < 0.1
    assert measured["confusion_matrix"] == {
        "negative": {"negative": 19, "positive": 1},
        "positive": {"negative": 0, "positive": 20},
    }
    assert measured["auc"]["value"] == 1  # 0.8 is still below the positive rows' 0.9
    assert {"f1", "log_loss", "brier", "receiver_operating_characteristic_curve"} <= measured.keys()


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        (SCORES[1:], "1 rows are without a score, among them 00"),
        ([*SCORES, {**SCORES[0], "id": "zz"}], "1 rows are scored but not held out, among them zz"),
        ([*SCORES, SCORES[0]], "row 00 is scored twice"),
        ([{**SCORES[0], "score": 1.5}, *SCORES[1:]], "no probability"),
        ([{**SCORES[0], "score": "0.5"}, *SCORES[1:]], "no score that is a number"),
        ([{**SCORES[0], "label": "so-so"}, *SCORES[1:]], "no label of the spec"),
        ([{"label": "negative", "score": 0.5}], "no id"),
        ([], "40 rows are without a score"),
    ],
)
def test_scores_and_truth_must_match(
    tmp_path: Path, spec: PipelineSpec, scores: list[dict[str, Any]], message: str
) -> None:
    """A lost, repeated or foreign row is an error, not another accuracy."""
    with pytest.raises(InputError, match=message):
        run(tmp_path, spec, scores)


def test_order_of_scores_changes_nothing(tmp_path: Path, spec: PipelineSpec) -> None:
    """The same scores in another order evaluate to the same file."""
    assert run(tmp_path / "1", spec, SCORES) == run(tmp_path / "2", spec, SCORES[::-1])


def test_labels_are_those_the_server_gave(tmp_path: Path, spec: PipelineSpec) -> None:
    """Whatever threshold the server has, precision and recall are of the labels it gave; the AUC is of the scores."""
    cautious = [{**row, "label": "positive" if row["score"] > 0.95 else "negative"} for row in SCORES]
    measured = run(tmp_path, spec, cautious)["binary_classification_metrics"]
    assert measured["recall"]["value"] == 0
    assert measured["auc"]["value"] == 1


def test_regression_has_sagemakers_layout(tmp_path: Path) -> None:
    """Values give the documented metrics of a regression, with deviations."""
    quality = run(tmp_path, HOUSING, VALUES[10:], VALUES[:10], truth=NUMBERS)
    measured = quality["regression_metrics"]
    assert measured.keys() == {"mae", "mse", "rmse", "r2"}
    assert measured["mae"]["value"] == pytest.approx(0.5)
    assert measured["rmse"]["value"] == pytest.approx(0.5)
    assert 0.99 < measured["r2"]["value"] < 1
    assert measured["r2"]["standard_deviation"] > 0
    assert quality["dataset"]["item_count"] == 40


@pytest.mark.parametrize(
    ("values", "truth", "message"),
    [
        ([{**VALUES[0], "value": "24"}, *VALUES[1:]], NUMBERS, "no value that is a number"),
        ([{**VALUES[0], "value": float("nan")}, *VALUES[1:]], NUMBERS, "no value that is a number"),
        (SCORES, NUMBERS, "no value that is a number"),
        (VALUES, TRUTH, "unknown label"),
    ],
)
def test_values_and_numbers_must_be_numbers(
    tmp_path: Path, values: list[dict[str, Any]], truth: list[dict[str, Any]], message: str
) -> None:
    """Answers or truth of another task are an error."""
    with pytest.raises(InputError, match=message):
        run(tmp_path, HOUSING, values, truth=truth)


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory, spec: PipelineSpec) -> tuple[Job, Job]:
    """Return a champion's job and that of a challenger with more data."""
    folder = tmp_path_factory.mktemp("jobs")
    rows = make_rows(500, seed=3)
    first = Job(folder / "first", spec, {"a.jsonl": json_lines(rows[:250])})
    return first, Job(folder / "second", spec, {"a.jsonl": json_lines(rows[:250]), "b.jsonl": json_lines(rows[250:])})


def empty(job: Job, *channels: str) -> None:
    for channel in channels:
        shutil.rmtree(job.settings.processing_input(channel), ignore_errors=True)


def test_first_runs_can_be_judged(jobs: tuple[Job, Job]) -> None:
    """Without other models there is no comparison, and a gate finds all else that it needs."""
    first, _ = jobs
    evaluation, _ = first.run()
    assert evaluation["comparison"] == {}
    assert evaluation["cross_validation"]["metrics"].keys() == {
        "accuracy", "auc", "precision", "recall", "f1", "log_loss", "brier",
    }  # fmt: skip
    assert evaluation["data"]["rows"]["read"] == 250
    assert {one["column"] for one in evaluation["slices"]} == {"text"}
    assert sum(one["rows"] for one in evaluation["slices"]) == evaluation["dataset"]["item_count"]
    assert evaluation["alerts"] == []
    measured = evaluation["binary_classification_metrics"]["accuracy"]
    assert measured["lower"] < measured["value"] < measured["upper"] <= 1
    verdict = judge(first.spec, evaluation, champion=False, anchor=False)
    assert (verdict.decision, verdict.anchor_better) == ("PROMOTE", True), verdict.reasons


def test_champion_and_anchor_are_compared(jobs: tuple[Job, Job]) -> None:
    """With scores and digests of other models, the challenger is compared with each on rows that they have not seen."""
    first, second = jobs
    for role in ("champion", "anchor"):
        second.score(f"{role}-scores", load(first.trained.model))
        second.put_seen(f"{role}-seen", first.prepared)
    evaluation, page = second.run()
    compared = evaluation["comparison"]["champion"]
    assert compared == evaluation["comparison"]["anchor"]
    assert compared["rows"] == evaluation["dataset"]["item_count"]  # the same split: what is held out stays so
    assert compared["model_versions"] == ["7"]
    assert compared["gain"] == pytest.approx(compared["challenger"] - compared["other"])
    assert "Against other models" in page
    reasons = judge(second.spec, evaluation, champion=True, anchor=True).reasons
    assert not any("no comparison" in reason for reason in reasons)


def test_scores_without_digests_are_no_evidence(jobs: tuple[Job, Job]) -> None:
    """A champion of which nobody knows what it has seen is not compared, and the gate holds."""
    first, second = jobs
    second.score("champion-scores", load(first.trained.model))
    empty(second, "champion-seen", "anchor-scores", "anchor-seen")
    evaluation, page = second.run()
    assert evaluation["comparison"]["champion"] == {
        "missing": "the digests of what the champion has seen are not given"
    }
    verdict = judge(second.spec, evaluation, champion=True, anchor=False)
    assert verdict.decision == "HOLD"
    assert "the digests of what the champion has seen are not given" in verdict.reasons[0]
    assert "No comparison with the champion" in page
    second.put("champion-seen/inputs.npy", b"no array")
    second.put("champion-seen/groups.npy", b"")
    with pytest.raises(InputError, match="not a plain array"):
        second.run()


def test_older_requests_are_evaluated(jobs: tuple[Job, Job]) -> None:
    """A job that is given spec, truth and scores alone measures them; a gate is told what is missing."""
    first, _ = jobs
    whole = first.run()[0]
    given = {name: first.settings.processing_input(name) for name in ("summary", "model", "test")}
    moved = {name: path.rename(path.with_name(f"no-{name}")) for name, path in given.items()}
    evaluation = first.run()[0]
    for name, path in moved.items():
        path.rename(given[name])
    assert evaluation["binary_classification_metrics"] == whole["binary_classification_metrics"]
    assert (evaluation["data"], evaluation["cross_validation"], evaluation["slices"]) == (None, None, [])
    assert judge(first.spec, evaluation, champion=False, anchor=False).decision == "HOLD"


def test_altered_models_are_refused(jobs: tuple[Job, Job]) -> None:
    """A model that is not what was trained is no evidence of anything."""
    first, _ = jobs
    path = first.settings.processing_input("model") / "model.tar.gz"
    original = path.read_bytes()
    path.write_bytes(archive({"spec.json": b"{}"}))
    with pytest.raises(ArtifactError):
        first.run()
    path.write_bytes(original)


def test_sources_of_rows_are_measured(jobs: tuple[Job, Job]) -> None:
    """Where the truth names the uploaded files, each has its metrics."""
    first, _ = jobs
    path = first.settings.processing_input("truth") / "labels.jsonl"
    original = path.read_text()
    path.write_text(original.replace('"group"', '"source":"a.jsonl","group"'))
    evaluation = first.run()[0]
    path.write_text(original)
    (one,) = evaluation["sources"]
    assert (one["source"], one["rows"]) == ("a.jsonl", evaluation["dataset"]["item_count"])
