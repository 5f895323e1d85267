"""Whole jobs of real models: `baseline` with the model's channel, then `monitor` with it."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from chalicelib.core.spec import PipelineSpec
from chalicelib.core.values import Value
from tests.training.evaluated import Job
from tests.training.monitor.captured import line, side
from tests.training.monitor.models import HOMES, table_rows, text_rows
from tests.training.sample import BAD, GOOD, csv_file, json_lines, make_homes, make_rows, put_spec
from training import baseline
from training.__main__ import main
from training.errors import InputError
from training.learners.model import Loaded, load
from training.settings import Settings

Rows = Sequence[Mapping[str, Value]]


def make(base: Path, spec: PipelineSpec, files: dict[str, bytes]) -> Job:
    """Train a model and make its baseline."""
    job = Job(base, spec, files)
    job.put("train/rows.jsonl", (job.prepared / "train/rows.jsonl").read_bytes())
    baseline.run(job.settings)
    return job


def captured(spec: PipelineSpec, loaded: Loaded, rows: Rows) -> bytes:
    """Return rows as requests of one instance, answered by the model."""
    lines = []
    for row, score in zip(rows, loaded.model.score(rows).tolist(), strict=True):
        said = (
            {"value": score} if spec.regression else {"label": spec.labels[score >= loaded.threshold], "score": score}
        )
        lines.append(
            line(
                side(json.dumps({"instances": [row]}), "application/json"),
                side(json.dumps({"model_version": "7", "predictions": [said]}), "application/json"),
            )
        )
    return b"".join(lines)


def check(job: Job, base: Path, rows: Rows, *, model: bool = True) -> tuple[dict[str, Any], dict[str, Any], str]:
    """Check a window; return statistics, verdict and page."""
    settings = Settings(base)
    put_spec(settings.processing_input("spec"), job.spec)
    files = {path.name: path.read_bytes() for path in job.settings.processing_output("baseline").iterdir()}
    given = {f"baseline/{name}": content for name, content in files.items()} | {
        "window/window.json": b"{}",
        "capture/a.jsonl": captured(job.spec, load(job.trained.model), rows),
    }
    if model:
        given["model/model.tar.gz"] = (job.settings.processing_input("model") / "model.tar.gz").read_bytes()
    for name, content in given.items():
        path = settings.processing_input(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    assert main(["monitor"], settings) == 0
    out = settings.processing_output("monitoring")
    statistics, verdict = (json.loads((out / f"{name}.json").read_text()) for name in ("statistics", "verdict"))
    return statistics, verdict, (out / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def of_reviews(tmp_path_factory: pytest.TempPathFactory, spec: PipelineSpec) -> Job:
    return make(tmp_path_factory.mktemp("reviews"), spec, {"a.jsonl": json_lines(make_rows(600, groups=200))})


@pytest.fixture(scope="module")
def of_homes(tmp_path_factory: pytest.TempPathFactory) -> Job:
    return make(tmp_path_factory.mktemp("homes"), HOMES, {"a.csv": csv_file(make_homes(800, 1))})


def test_a_model_of_other_columns_is_refused(of_reviews: Job, of_homes: Job) -> None:
    """A model that was trained for other columns makes no baseline, and what it lacks is said."""
    own = of_reviews.settings.processing_input("model") / "model.tar.gz"
    kept = own.read_bytes()
    own.write_bytes((of_homes.settings.processing_input("model") / "model.tar.gz").read_bytes())
    try:
        with pytest.raises(InputError, match="for other columns"):
            baseline.run(of_reviews.settings)
    finally:
        own.write_bytes(kept)


def test_words_that_no_longer_matter_are_told(of_reviews: Job, tmp_path: Path) -> None:
    """Where most opinion words are gone, they are no longer shown, and the ranking is worth less than by chance."""
    told = {*GOOD, *BAD} - {"superb", "tedious"}
    rows = [
        {"text": " ".join(word for word in str(row["text"]).split() if word.strip("!") not in told)}
        for row in text_rows(300, 5)
    ]
    statistics, verdict, page = check(of_reviews, tmp_path, rows)
    attribution = statistics["attribution"]
    assert attribution["ndcg"] < attribution["ndcg_without_drift"]
    assert attribution["p_value"] < 0.05
    assert verdict["metrics"]["AttributionNDCG"] == attribution["ndcg"]
    assert not {one["feature"] for one in attribution["features"]} & told
    assert {one["feature"] for one in attribution["features"]} & {"superb", "tedious"}
    assert "superb" in page
    assert attribution["slices"] == []
    assert "No slice has explained rows enough" in page


def test_an_unchanged_window_is_told_as_such(of_reviews: Job, tmp_path: Path) -> None:
    """A window like the baseline has a ranking as good as those out of the baseline."""
    statistics, _, _ = check(of_reviews, tmp_path, text_rows(300, 6))
    assert statistics["attribution"]["p_value"] > 0.05


def test_without_its_model_a_check_says_what_it_lacks(of_reviews: Job, tmp_path: Path) -> None:
    """Without the model's channel everything else is told, and of attribution why it is not."""
    statistics, verdict, page = check(of_reviews, tmp_path, text_rows(300, 6), model=False)
    assert statistics["attribution"] == {"missing": "no model was given"}
    assert "AttributionNDCG" not in verdict["metrics"]
    assert "Not told: no model was given." in page


def test_what_moved_the_answers_comes_first(of_homes: Job, tmp_path: Path) -> None:
    """Of two columns that moved alike, the one that the model looks at comes first; values have a mean."""
    rows = [{**row, "RM": 8.7, "TAX": 99.0, "NOX": 99.0} for row in table_rows(HOMES, 300, 9)]
    statistics, verdict, page = check(of_homes, tmp_path, rows)
    moved = [one["feature"] for one in statistics["moved"] if one["moved"]]
    assert {"RM", "TAX", "NOX"} <= set(moved)
    assert moved[0] == "RM"
    assert verdict["metrics"]["MeanValue"] > statistics["bias"]["all"]["before"] + 3
    assert "PositiveShare" not in verdict["metrics"]
    assert "MEDV" in page


def test_columns_that_are_gone_are_listed(of_homes: Job, tmp_path: Path) -> None:
    """A column that is missing in every row is a violation, and its share a metric."""
    rows = [{**row, "LSTAT": None} for row in table_rows(HOMES, 300, 9)]
    _, verdict, _ = check(of_homes, tmp_path, rows)
    listed = json.loads((tmp_path / "processing/output/monitoring/constraint_violations.json").read_text())
    assert {"completeness_check"} == {
        one["constraint_check_type"] for one in listed["violations"] if one.get("feature_name") == "LSTAT"
    } - {"baseline_drift_check"}
    assert verdict["metrics"]["MissingShare"] > 1 / len(HOMES.columns)


def test_what_changed_in_one_slice_is_found_there(tmp_path: Path) -> None:
    """Where rooms no longer tell homes apart in one slice, that slice is listed and no other of its column, nor all."""
    homes = make_homes(2_000, 1)
    for home in homes:  # the river matters less than rooms do, so that their order is worth much
        home["MEDV"] = f"{float(home['MEDV']) - 6 * int(home['CHAS']):.1f}"
    of_many = make(tmp_path / "made", HOMES, {"a.csv": csv_file(homes)})
    rows = [
        {**row, "RM": 6.5, "CHAS": "1"} if float(row["TAX"] or 0) >= 75 else row for row in table_rows(HOMES, 800, 9)
    ]
    statistics, _, page = check(of_many, tmp_path / "checked", rows)
    slices = [one for one in statistics["attribution"]["slices"] if one["column"] == "TAX"]
    assert statistics["attribution"]["ndcg"] > 0.99
    assert [one["ndcg"] < 0.9 and one["p_value"] < 0.05 for one in slices] == [False, False, False, True]
    assert all(one["rows_before"] >= 50 and one["ndcg_without_drift"] > 0.99 for one in slices)
    out = tmp_path / "checked/processing/output/monitoring/constraint_violations.json"
    listed = [
        (one["facet"], one["facet_value"], one["label"], one["metric_name"])
        for one in json.loads(out.read_text())["violations"]
        if one["constraint_check_type"] == "feature_attribution_drift_check"
    ]
    assert ("TAX", slices[3]["slice"], "MEDV", "shap") in listed
    assert not {("TAX", one["slice"], "MEDV", "shap") for one in slices[:3]} & {*listed}
    section = page.split("What the model looks at")[1].split("<h2")[0]
    assert "worth of the ranking" in section
    assert all(one["slice"] in section for one in slices)
