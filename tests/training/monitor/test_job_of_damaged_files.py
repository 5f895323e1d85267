"""Whatever becomes of captured files, the job says how much it has read, and never `no drift` of too little."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.training.labelled import put_files
from tests.training.monitor.captured import SPEC, captured_line, in_base64, line, make_rows, side
from tests.training.monitor.windows import put_baseline
from tests.training.sample import put_spec
from training.__main__ import main
from training.settings import Settings

REQUESTS = 300
Files = dict[str, bytes]


@pytest.fixture(scope="module")
def baseline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a baseline's folder."""
    folder = tmp_path_factory.mktemp("baseline")
    put_baseline(folder)
    return folder


def lines(moved: float) -> list[bytes]:
    """Return a window's requests, one line each."""
    rows, scores = make_rows(REQUESTS, 8, moved)
    return [captured_line([row], [score]) for row, score in zip(rows, scores, strict=True)]


def run(base: Path, baseline: Path, files: Files, **window: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Run the job on captured files; return the verdict and what is told of coverage."""
    settings = Settings(base)
    put_spec(settings.processing_input("spec"), SPEC)
    shutil.copytree(baseline, settings.processing_input("baseline"))
    put_files(settings.processing_input("window"), {"window.json": json.dumps({"level": 0.01, **window}).encode()})
    settings.processing_input("capture").mkdir()
    put_files(settings.processing_input("capture"), files)
    assert main(["monitor"], settings) == 0
    verdict, statistics = (
        json.loads((settings.processing_output("monitoring") / name).read_text())
        for name in ("verdict.json", "statistics.json")
    )
    return verdict, statistics["coverage"]


def encoded(whole: bytes, charset: str, named: str) -> bytes:
    """Return a request as it is captured where its type was not listed: in base64, with the charset of its header."""
    data = json.loads(whole)["captureData"]
    asked, answered = (
        side(in_base64(data[name]["data"], charset), f"application/json; charset={named}", "BASE64")
        for name in ("endpointInput", "endpointOutput")
    )
    return line(asked, answered)


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "partial": lambda whole: whole[: len(whole) // 2] + b"\n",
    "corrupt": lambda whole: bytes(byte ^ 0x55 for byte in whole).replace(b"\n", b"") + b"\n",
    "base64 of another charset": lambda whole: encoded(whole, "utf-16", "utf-8"),
    "base64 of no charset": lambda whole: encoded(whole, "utf-8", "klingon"),
    "half a pair": lambda whole: whole.replace(b'"endpointOutput"', b'"endpointInput"'),
}


@pytest.mark.parametrize("moved", [0.0, 0.8])
@pytest.mark.parametrize("damage", DAMAGES)
def test_below_the_floor_nothing_is_judged(tmp_path: Path, baseline: Path, damage: str, moved: float) -> None:
    """Where more requests are damaged than the floor allows, the share read is told, and there is not enough data."""
    whole = lines(moved)
    files = {"a.jsonl": b"".join(map(DAMAGES[damage], whole[:80])) + b"".join(whole[80:])}
    verdict, coverage = run(tmp_path, baseline, files)
    assert verdict["verdict"] == "not enough data"
    assert "73.3% of the window's requests could be read" in verdict["reasons"][0]
    assert (coverage["read"], sum(coverage["unreadable"].values())) == (220, 80)
    assert coverage["share"] == pytest.approx(220 / 300)


@pytest.mark.parametrize(("moved", "expected"), [(0.0, "no drift"), (0.8, "drift")])
@pytest.mark.parametrize("damage", DAMAGES)
def test_above_the_floor_the_rest_is_judged(
    tmp_path: Path, baseline: Path, damage: str, moved: float, expected: str
) -> None:
    """Where few requests are damaged, the others are judged, and the share read is told beside."""
    whole = lines(moved)
    verdict, coverage = run(
        tmp_path, baseline, {"a.jsonl": b"".join(map(DAMAGES[damage], whole[:30])) + b"".join(whole[30:])}
    )
    assert verdict["verdict"] == expected
    assert coverage["share"] == 0.9


@pytest.mark.parametrize("charset", ["utf-8", "utf-16", "iso-8859-1"])
def test_base64_with_a_charset_is_read(tmp_path: Path, baseline: Path, charset: str) -> None:
    """A window in base64, whatever the charset, has the verdict and p-value of the same one in plain JSON."""
    whole = lines(0.8)
    plain, _ = run(tmp_path / "1", baseline, {"a.jsonl": b"".join(whole)})
    found, coverage = run(
        tmp_path / "2", baseline, {"a.jsonl": b"".join(encoded(one, charset, charset) for one in whole)}
    )
    assert found == plain
    assert coverage["share"] == 1.0


@pytest.mark.parametrize("files", [{}, {"a.jsonl": b"", "b.jsonl": b"\n\n"}, {"a.jsonl": b"\x00\xff" * 500}])
def test_no_request_is_not_enough(tmp_path: Path, baseline: Path, files: Files) -> None:
    """No file, empty ones or one of junk are not enough data, also where no floor is asked for."""
    verdict, coverage = run(tmp_path, baseline, files, least_rows=0, least_coverage=0)
    assert (verdict["verdict"], verdict["p_value"]) == ("not enough data", None)
    assert (coverage["files"], coverage["read"]) == (len(files), 0)


def test_empty_files_among_others_are_counted(tmp_path: Path, baseline: Path) -> None:
    """Empty files cost nothing where requests were not expected in them, and are told."""
    verdict, coverage = run(tmp_path, baseline, {"a.jsonl": b"", "b.jsonl": b"".join(lines(0.0)), "c.jsonl": b""})
    assert verdict["verdict"] == "no drift"
    assert (coverage["files"], coverage["empty_files"], coverage["share"]) == (3, 2, 1.0)


@pytest.mark.parametrize("moved", [0.0, 0.8])
def test_late_files_are_missed(tmp_path: Path, baseline: Path, moved: float) -> None:
    """Where files have not come yet, fewer requests are read than are known of, and there is not enough data."""
    verdict, coverage = run(tmp_path, baseline, {"a.jsonl": b"".join(lines(moved)[:220])}, expected=REQUESTS)
    assert verdict["verdict"] == "not enough data"
    assert coverage["share"] == pytest.approx(220 / 300)


@pytest.mark.parametrize(
    ("came", "verdict", "share"), [(REQUESTS, "no drift", 1.0), (REQUESTS // 2, "not enough data", 150 / 200)]
)
def test_a_roll_out_is_no_gap(tmp_path: Path, baseline: Path, came: int, verdict: str, share: float) -> None:
    """What an earlier version answered in the window is not missed, and hides none of what has not come."""
    rows, scores = make_rows(50, 9, 0.0)
    earlier = [captured_line([row], [score], version="6") for row, score in zip(rows, scores, strict=True)]
    files = {"a.jsonl": b"".join(earlier), "b.jsonl": b"".join(lines(0.0)[:came])}
    expected = len(earlier) + (REQUESTS if came == REQUESTS else 200)
    found, coverage = run(tmp_path, baseline, files, expected=expected, model_version="7", least_rows=100)
    assert found["verdict"] == verdict
    assert (coverage["share"], coverage["expected"]) == (pytest.approx(share), expected)


def test_late_files_are_read_once_they_came(tmp_path: Path, baseline: Path) -> None:
    """A file that lies in a later hour is read by the time of its requests, so a window is whole when all have come."""
    whole = lines(0.8)
    files = {"2026/01/01/10/a.jsonl": b"".join(whole[:220]), "2026/01/01/13/late.jsonl": b"".join(whole[220:])}
    window = {"start": "2026-01-01T10:00:00Z", "end": "2026-01-01T11:00:00Z"}
    verdict, coverage = run(tmp_path, baseline, files, expected=REQUESTS, **window)
    assert (verdict["verdict"], coverage["share"]) == ("drift", 1.0)
