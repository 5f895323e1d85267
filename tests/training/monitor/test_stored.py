import json
from pathlib import Path

import numpy as np
import pytest

from tests.training.monitor.windows import make_baseline
from training.errors import InputError
from training.monitor import stored


def test_a_baseline_comes_back_as_it_was(tmp_path: Path) -> None:
    """Edges, categories, words, counts and rows are read as they were written, bit for bit and in their order."""
    written = make_baseline()
    stored.write(tmp_path, written)
    found = stored.read(tmp_path)
    assert found.cells.blocks == written.cells.blocks
    for name, edges in written.cells.edges.items():
        assert (found.cells.edges[name] == edges).all()
    assert {name: list(known) for name, known in found.cells.categories.items()} == written.cells.categories
    for name, vocabulary in written.cells.vocabularies.items():
        assert list(found.cells.vocabularies[name].words) == vocabulary.words
        assert (found.cells.vocabularies[name].logs == vocabulary.logs).all()
    for name, counts in written.counts.items():
        assert (found.counts[name].cells == counts.cells).all()
        assert found.counts[name].missing == counts.missing
    for part in ("indptr", "indices", "data"):
        assert (getattr(found.null.features, part) == getattr(written.null.features, part)).all()
    assert (found.null.groups.of_row == written.null.groups.of_row).all()


def test_counts_and_rows_agree() -> None:
    """How many rows have a feature is the same from the counts by cell and from the rows."""
    baseline = make_baseline()
    features, cells = baseline.null.features, baseline.cells
    totals = np.asarray(features.sum(axis=0)).ravel()
    words = {}
    for block in cells.blocks:
        if block.kind == "words":
            words[block.name.removesuffix(".words")] = totals[block.first : block.last].astype(np.int64)
    assert (cells.sums(baseline.counts, words) == totals).all()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("baseline.json", b"{}"),
        ("baseline.json", b'{"layout": 3, "numbers": [], "categories": [], "words": [], "quality": 1}'),
        ("edges-0.npy", b"not an array"),
        ("edges-0.npy", None),
        ("counts-1.npy", np.arange(3)),
        ("groups.npy", np.arange(3)),
        ("features.npy", np.full(3, 10**6, np.int32)),
        ("logs-0.npy", np.array([object()])),
    ],
)
def test_damaged_files_are_refused(tmp_path: Path, name: str, content: bytes | np.ndarray | None) -> None:
    """A file that is missing, of another layout, or does not fit the others is refused, and none can hold code."""
    stored.write(tmp_path, make_baseline())
    if content is None:
        (tmp_path / name).unlink()
    elif isinstance(content, bytes):
        (tmp_path / name).write_bytes(content)
    else:
        np.save(tmp_path / name, content)
    with pytest.raises(InputError):
        stored.read(tmp_path)


@pytest.mark.parametrize("layout", [1, 2, None])
def test_an_older_layout_is_refused(tmp_path: Path, layout: int | None) -> None:
    """A baseline that is whole but for its layout is refused, and what to do is said."""
    stored.write(tmp_path, make_baseline())
    path = tmp_path / "baseline.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"layout": layout}))
    with pytest.raises(InputError, match="make the baseline anew"):
        stored.read(tmp_path)
