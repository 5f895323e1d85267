import json
from pathlib import Path

import pytest

from chalicelib.core.spec import PipelineSpec
from tests.training.sample import json_lines, make_rows, put_spec, read_lines, run_prepare
from training import baseline
from training.errors import ScoresError
from training.monitor import stored
from training.settings import Settings


def put(base: Path, spec: PipelineSpec) -> Settings:
    """Write a job's inputs: what `prepare` wrote of some reviews, and a score of each that is held out."""
    prepared = run_prepare(base / "prepare", spec, {"a.jsonl": json_lines(make_rows(300))})
    settings = Settings(base)
    put_spec(settings.processing_input("spec"), spec)
    for side, file in (("train", "rows"), ("test", "features"), ("truth", "labels")):
        folder = settings.processing_input(side)
        folder.mkdir()
        (folder / f"{file}.jsonl").write_bytes((prepared / side / f"{file}.jsonl").read_bytes())
    scores = settings.processing_input("scores")
    scores.mkdir()
    rows = read_lines(settings.processing_input("truth") / "labels.jsonl")
    lines = [json.dumps({"id": row["id"], "label": "positive", "score": 0.75}) for row in rows]
    (scores / "features.jsonl.out").write_text("\n".join(lines))
    return settings


def test_a_baseline_is_made_of_held_out_rows(tmp_path: Path, spec: PipelineSpec) -> None:
    """Every held-out row is in the baseline, in its group; the vocabulary is that of the rows to learn from."""
    settings = put(tmp_path, spec)
    baseline.run(settings)
    made = stored.read(settings.processing_output("baseline"))
    truth = read_lines(settings.processing_input("truth") / "labels.jsonl")
    assert made.rows == len(truth)
    assert made.null.groups.count == len({row["group"] for row in truth})
    assert made.counts["score"].present == len(truth)
    assert "the" in made.cells.vocabularies["text"].words


def test_a_baseline_knows_how_good_its_model_was(tmp_path: Path, spec: PipelineSpec) -> None:
    """The metrics of the held-out rows are kept with their errors, and beside them those that scores let expect."""
    settings = put(tmp_path, spec)
    baseline.run(settings)
    quality = stored.read(settings.processing_output("baseline")).quality
    truth = read_lines(settings.processing_input("truth") / "labels.jsonl")
    assert quality is not None
    assert (quality["rows"], quality["groups"]) == (len(truth), len({row["group"] for row in truth}))
    share = sum(row["label"] == "positive" for row in truth) / len(truth)
    assert quality["metrics"]["accuracy"]["value"] == pytest.approx(share)  # all are called positive
    assert quality["metrics"]["accuracy"]["standard_deviation"] > 0
    assert quality["expected"]["accuracy"] == pytest.approx(0.75)


def test_rows_and_truth_must_belong_together(tmp_path: Path, spec: PipelineSpec) -> None:
    """Features of other rows than the truth's make no baseline."""
    settings = put(tmp_path, spec)
    features = settings.processing_input("test") / "features.jsonl"
    features.write_text("\n".join(features.read_text().splitlines()[1:]))
    with pytest.raises(ScoresError, match="does not hold the rows"):
        baseline.run(settings)
