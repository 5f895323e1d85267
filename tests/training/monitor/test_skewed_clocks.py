"""Captured files of instances whose clocks do not agree."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.training.monitor.captured import SPEC, captured_line, make_rows
from training.captured import Coverage, Wanted, read_captured

DAY = datetime.fromisoformat("2026-01-01T00:00:00Z")
SKEW = 15  # minutes
(ROW,), _ = make_rows(1, seed=0)
# What an instance captured: how wrong its clock is, and the minutes of the day at which it was really asked.
INSTANCES = st.lists(
    st.tuples(st.integers(-SKEW, SKEW), st.lists(st.integers(60, 300), min_size=1, max_size=5)), min_size=1, max_size=4
)


def capture(folder: Path, instances: Sequence[tuple[int, Sequence[int]]]) -> dict[int, datetime]:
    """Write a file for each instance and hour of true time; return when each request was asked by its own clock.

    A request is known by its score: the thousandth part of its number, counted from 0.
    """
    stamps: dict[int, datetime] = {}
    for instance, (skew, minutes) in enumerate(instances):
        for minute in sorted(minutes):
            stamps[len(stamps)] = stamp = DAY + timedelta(minutes=minute + skew)
            path = folder / f"2026/01/01/{minute // 60:02}/{instance}.jsonl"
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("ab") as file:
                file.write(captured_line([ROW], [(len(stamps) - 1) / 1000], time=stamp.isoformat()))
    return stamps


@given(INSTANCES)
def test_each_request_is_of_the_window_of_its_time(
    tmp_path_factory: pytest.TempPathFactory, instances: Sequence[tuple[int, Sequence[int]]]
) -> None:
    """Of hourly windows each request is in one, by its inferenceTime, whatever hour its file lies under (row 42)."""
    folder = tmp_path_factory.mktemp("captured")
    stamps = capture(folder, instances)
    found: dict[int, list[int]] = {}
    for hour in range(7):
        start = DAY + timedelta(hours=hour)
        coverage = Coverage()
        window = read_captured(folder, SPEC, Wanted("7", start, start + timedelta(hours=1)), coverage)
        for captured in window:
            found.setdefault(round(1000 * captured.scores[0]), []).append(hour)
        assert not coverage.unreadable
        assert coverage.read + coverage.left_out["asked outside the window"] == len(stamps)
    assert found == {number: [stamp.hour] for number, stamp in stamps.items()}
