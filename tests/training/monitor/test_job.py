import json
import logging
from pathlib import Path
from typing import Any

import pytest

from tests.training.monitor.captured import SPEC, captured_line, make_rows
from tests.training.monitor.windows import put_baseline, requests
from tests.training.sample import put_spec
from training.__main__ import main
from training.settings import Settings

EARLIER = {"start": "2026-01-01T00:00:00Z", "end": "2026-01-02T00:00:00Z", "verdict": "no drift", "p_value": 0.5}


def put(base: Path, window: dict[str, Any], *, moved: float = 0.0, rows: int = 300) -> Settings:
    """Write a job's inputs."""
    settings = Settings(base)
    put_spec(settings.processing_input("spec"), SPEC)
    put_baseline(settings.processing_input("baseline"))
    settings.processing_input("window").mkdir()
    (settings.processing_input("window") / "window.json").write_text(json.dumps(window))
    captured = settings.processing_input("capture") / "2026/01/01/10"
    captured.mkdir(parents=True)
    lines = [captured_line(one.rows, one.scores) for one in requests(*make_rows(rows, 8, moved), of_request=3)]
    (captured / "a.jsonl").write_bytes(b"".join(lines))
    return settings


def result(settings: Settings, name: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads((settings.processing_output("monitoring") / name).read_text())
    return value


def verdict_of(settings: Settings) -> dict[str, Any]:
    return result(settings, "verdict.json")


def test_a_window_is_judged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The job reads captured requests and writes verdict, violations and statistics; its log holds no word of a row."""
    caplog.set_level(logging.INFO)
    settings = put(tmp_path, {"model_version": "7"}, moved=0.8)
    assert main(["monitor"], settings) == 0
    assert verdict_of(settings)["verdict"] == "drift"
    assert result(settings, "constraint_violations.json")["violations"]
    assert verdict_of(settings)["metrics"].keys() == {
        "Rows",
        "Coverage",
        "PValue",
        "Drift",
        "DomainClassifierAUC",
        "MissingShare",
        "OutOfVocabularyShare",
        "UnseenCategoryShare",
        "EstimatedAccuracy",
        "EstimatedAUC",
        "PositiveShare",
    }
    statistics = result(settings, "statistics.json")
    assert (statistics["rows"], statistics["coverage"]["read"]) == (300, 100)
    assert "verdict=drift quality=unlabelled rows=300" in caplog.text
    assert not any(word in caplog.text for word in ("word0", "word1", "north"))


def test_requests_of_another_version_are_no_window(tmp_path: Path) -> None:
    """Where another version answered, there is not enough data, which is a verdict and no failure."""
    settings = put(tmp_path, {"model_version": "8"})
    assert main(["monitor"], settings) == 0
    verdict = verdict_of(settings)
    assert (verdict["verdict"], verdict["p_value"]) == ("not enough data", None)
    assert verdict["metrics"] == {"Rows": 0, "Coverage": 0}
    assert "not enough data" in (settings.processing_output("monitoring") / "report.html").read_text()
    assert result(settings, "statistics.json")["coverage"]["left_out"] == {"answered by another version": 100}


@pytest.mark.parametrize("dropped", [0, 10, 20, 21, 30, 40, 50, 60, 70, 80, 90])
def test_lines_that_are_missing(tmp_path: Path, dropped: int) -> None:
    """With a fifth of the captured lines missing a window is judged; with more there is not enough data (row 42)."""
    settings = put(tmp_path, {"expected": 100, "level": 0.01, "least_rows": 1})
    (path,) = settings.processing_input("capture").rglob("*.jsonl")
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[dropped:]))
    assert main(["monitor"], settings) == 0
    assert result(settings, "verdict.json")["verdict"] == ("no drift" if dropped <= 20 else "not enough data")
    assert result(settings, "statistics.json")["coverage"]["share"] == pytest.approx(1 - dropped / 100)


@pytest.mark.parametrize(
    ("window", "message"),
    [
        ({"levle": 0.1}, "unknown fields: levle"),
        ({"start": "yesterday"}, "start must be a time"),
        ({"end": "2026-01-01T00:00:00"}, "end must name its zone"),
        ({"level": 2}, "the level"),
        ({"earlier": "none"}, "earlier must be a list"),
        ({"earlier": [{"verdict": "drift"}]}, "a start, an end and a verdict"),
        ({"earlier": [{"start": "2026-01-01T00:00:00Z", "end": "2026-01-02T00:00:00Z", "verdict": []}]}, "a verdict"),
        ({"earlier": [EARLIER | {"more": 1}]}, "has the fields end, p_value, start, verdict"),
        ({"earlier": [EARLIER | {"p_value": 2}]}, "the p_value of an earlier check"),
        ({"earlier": [EARLIER | {"end": "2026-01-02T00:00:00"}]}, "end must name its zone"),
    ],
)
def test_a_wrong_window_is_refused(tmp_path: Path, window: dict[str, Any], message: str) -> None:
    """What `window.json` gets wrong is said where SageMaker looks for it."""
    settings = put(tmp_path, window, rows=1)
    assert main(["monitor"], settings) == 1
    assert message in settings.message.read_text()
