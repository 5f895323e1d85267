"""Captured requests and the labels of their instances that came later, as files of a job."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chalicelib.core.feedback import Label
from tests.training.monitor.captured import captured_line

COLLECTED = datetime(2026, 1, 2, 12, tzinfo=UTC)


def label_line(inference_id: str, value: str, index: int = 0) -> bytes:
    """Return a label as `/feedback` keeps it."""
    return Label("any", inference_id, index, value, "caller", COLLECTED).to_line()


def request_lines(
    rows: Sequence[Mapping[str, Any]], target: str, of_request: int = 1
) -> tuple[list[bytes], list[bytes]]:
    """Return labelled rows as captured requests of so many instances, and as labels of them."""
    asked, labels = [], []
    for first in range(0, len(rows), of_request):
        some = rows[first : first + of_request]
        columns = [{name: value for name, value in row.items() if name != target} for row in some]
        asked.append(captured_line(columns, [0.5] * len(some), inference_id=f"id-{first}"))
        labels += [label_line(f"id-{first}", str(row[target]), index) for index, row in enumerate(some)]
    return asked, labels


def put_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write a channel's files."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
