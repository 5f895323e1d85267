import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.training.labelled import label_line, put_files
from tests.training.monitor.captured import SPEC, captured_line, make_rows
from tests.training.monitor.test_model_quality import BASELINE
from tests.training.monitor.windows import put_baseline
from tests.training.sample import put_spec
from training.__main__ import main
from training.monitor.report_labels import labelled
from training.report.sections import Text
from training.settings import Settings


def put(
    base: Path, window: dict[str, Any], *, flipped: float = 0.0, quality: dict[str, Any] | None = BASELINE
) -> Settings:
    """Write a job's inputs: 300 requests, a label of each."""
    settings = Settings(base)
    put_spec(settings.processing_input("spec"), SPEC)
    put_baseline(settings.processing_input("baseline"), quality)
    random = np.random.default_rng(3)
    rows, scores = make_rows(300, 8)[0], random.beta(0.5, 0.5, 300)
    positive = (random.random(300) < scores) ^ (random.random(300) < flipped)
    names = [f"secret-{number}" for number in range(300)]
    asked = [
        captured_line([row], [float(score)], inference_id=name, label="good" if score >= 0.5 else "bad")
        for row, score, name in zip(rows, scores, names, strict=True)
    ]
    labels = [label_line(name, "good" if one else "bad") for name, one in zip(names, positive, strict=True)]
    put_files(settings.processing_input("window"), {"window.json": json.dumps(window).encode()})
    put_files(settings.processing_input("capture"), {"e/v/2026/01/01/10/a.jsonl": b"".join(asked)})
    put_files(settings.processing_input("ground-truth"), {"2026/01/02/10/a.jsonl": b"".join(labels)})
    return settings


def result(settings: Settings, name: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads((settings.processing_output("monitoring") / name).read_text())
    return value


@pytest.mark.parametrize(("flipped", "verdict"), [(0.0, "not worse"), (0.25, "worse")])
def test_labels_judge_the_model(tmp_path: Path, caplog: pytest.LogCaptureFixture, flipped: float, verdict: str) -> None:
    """Captured rows and their labels say whether the model got worse; the log has the verdict and no label or id."""
    caplog.set_level(logging.INFO)
    settings = put(tmp_path, {"model_version": "7"}, flipped=flipped)
    assert main(["monitor"], settings) == 0
    assert result(settings, "verdict.json")["quality"] == {"verdict": verdict, "reasons": []}
    page = (settings.processing_output("monitoring") / "report.html").read_text()
    said = {"not worse": "The labels show no loss.", "worse": "The labels say that the model got worse."}
    assert said[verdict] in page
    assert not any(word in page for word in ("secret-1<", "bad<"))
    told = result(settings, "statistics.json")
    assert told["quality"]["labels"]["joined"] == told["quality"]["dataset"]["item_count"] == 300
    assert told["quality"]["labels"]["delay_s"]["median"] == 24.5 * 3600
    assert "Half of the labels came within 24.5 hours of the request, nine tenths within 24.5 hours" in page
    assert told["quality"]["baseline"] == BASELINE
    metrics = result(settings, "verdict.json")["metrics"]
    assert metrics["ModelQualityAccuracy"] == told["quality"]["binary_classification_metrics"]["accuracy"]["value"]
    assert metrics["LabelCoverage"] == 1.0
    assert f"quality={verdict.replace(' ', '_')} " in caplog.text
    assert not any(word in caplog.text for word in ("secret", "good", "bad"))


def test_what_is_expected_needs_no_label(tmp_path: Path) -> None:
    """Without labels the verdict says nothing of quality, and the statistics tell what the scores let expect."""
    settings = put(tmp_path, {})
    (settings.processing_input("ground-truth") / "2026/01/02/10/a.jsonl").unlink()
    assert main(["monitor"], settings) == 0
    assert "quality" not in result(settings, "verdict.json")
    told = result(settings, "statistics.json")
    assert "quality" not in told
    metrics = result(settings, "verdict.json")["metrics"]
    assert metrics["EstimatedAccuracy"] == told["estimate"]["accuracy"]["estimated"]
    assert not any(name.startswith(("ModelQuality", "Label")) for name in metrics)
    assert told["estimate"]["accuracy"]["estimated"] == pytest.approx(
        told["estimate"]["accuracy"]["baseline_measured"], abs=0.06
    )


@pytest.mark.parametrize(
    ("delays", "said"),
    [
        ({"median": 0.0, "p90": 1_800.0}, ["within 0 hours of the request, nine tenths within 0.5 hours"]),
        ({"median": 171_000.0, "p90": 172_800.0}, ["within 47.5 hours of the request, nine tenths within 2 days"]),
        ({"median": 216_000.0, "p90": 12_960_000.0}, ["within 2.5 days of the request, nine tenths within 150 days"]),
        (None, []),
    ],
)
def test_the_page_says_how_late_labels_are(delays: dict[str, float] | None, said: list[str]) -> None:
    """How long labels took is told in hours, from two days on in days, and not at all where it is not known."""
    labels = {"labels": 300} | ({"delay_s": delays} if delays else {})
    verdict = {"quality": {"verdict": "not enough data", "reasons": []}}
    (section,) = labelled(verdict, {"quality": {"labels": labels}})
    texts = [block.words for block in section.blocks if isinstance(block, Text)]
    told = [text for text in texts if "came" in text]
    assert len(told) == len(said)
    assert all(words in text for words, text in zip(said, told, strict=True))


def test_a_floor_of_the_window_is_one_of_its_labels(tmp_path: Path) -> None:
    """Where too little of the window was read, its labels say nothing of the model either."""
    settings = put(tmp_path, {"expected": 3_000}, flipped=0.5)
    assert main(["monitor"], settings) == 0
    told = result(settings, "verdict.json")["quality"]
    assert told["verdict"] == "not enough data"
    assert told["reasons"] == ["10.0% of the window's requests could be read, and 80.0% are asked for"]


def test_labels_of_other_windows_are_none_of_this(tmp_path: Path) -> None:
    """Labels of requests outside the window are unmatched, and judge nothing."""
    settings = put(tmp_path, {"start": "2026-01-01T11:00:00Z"}, flipped=0.5)
    assert main(["monitor"], settings) == 0
    assert result(settings, "verdict.json")["quality"]["verdict"] == "not enough data"
    assert result(settings, "statistics.json")["quality"]["labels"]["unmatched"] == 300


def test_a_baseline_of_before_is_read(tmp_path: Path) -> None:
    """A baseline that keeps no metrics serves for drift, and labels say that it has to be made anew."""
    settings = put(tmp_path, {}, quality=None)
    assert main(["monitor"], settings) == 0
    assert result(settings, "verdict.json")["quality"]["reasons"] == ["the baseline has no metrics: make it anew"]


def test_the_labels_floors_are_the_windows(tmp_path: Path) -> None:
    """`window.json` says how many labels are asked for."""
    settings = put(tmp_path, {"least_labels": 301})
    assert main(["monitor"], settings) == 0
    assert result(settings, "verdict.json")["quality"]["reasons"] == ["300 rows have a label, and 301 are asked for"]
