import json
from pathlib import Path

import numpy as np
import pytest

from chalicelib.core.spec import PipelineSpec
from tests.training.monitor.captured import SPEC
from tests.training.monitor.models import text_rows
from tests.training.monitor.windows import make_background, make_baseline
from training.artifact import read_model
from training.errors import InputError
from training.held_out import Answers
from training.learners.model import load
from training.monitor import background
from training.monitor import baseline as baselines
from training.monitor.background import Background
from training.monitor.given import GivenModel
from training.monitor.told import Watch
from training.resampling import Groups
from training.rows import digest
from training.settings import Settings


@pytest.fixture(scope="module")
def plain() -> Background:
    return make_background(make_baseline())


@pytest.fixture(scope="module")
def given_model(trained: Settings) -> GivenModel:
    return GivenModel(load(trained.model), read_model(trained.model).digest)


@pytest.fixture(scope="module")
def explained(spec: PipelineSpec, given_model: GivenModel) -> Background:
    rows = text_rows(120, 3)
    scores = given_model.loaded.model.score(rows)
    groups = Groups(np.arange(120) // 4, 30)
    made = baselines.make(spec, rows, rows, scores, groups)
    return background.make(
        spec,
        cells=made.cells,
        fitted=rows,
        rows=rows,
        answers=Answers(scores, scores >= given_model.loaded.threshold, ["7"]),
        groups=groups,
        model=given_model,
    )


def test_a_background_comes_back_as_it_was(
    tmp_path: Path, plain: Background, explained: Background, spec: PipelineSpec
) -> None:
    """Parts, sums, threshold, tokens and contributions are read as they were written, with a model and without one."""
    for name, written, of in (("plain", plain, SPEC), ("explained", explained, spec)):
        folder = tmp_path / name
        folder.mkdir()
        background.write(folder, written)
        found = background.read(folder, of)
        assert found.partition == written.partition
        assert found.tokens == written.tokens
        for part in ("totals", "products", "present", "groups"):
            assert np.all(getattr(found.sums, part) == getattr(written.sums, part))
        assert (found.contributions is None) == (written.contributions is None)
        if found.contributions and written.contributions:
            assert found.contributions.model == written.contributions.model
            assert np.abs((found.contributions.values - written.contributions.values).data).sum() == 0
            assert (found.contributions.features == written.contributions.features).all()
            assert (found.contributions.groups.of_row == written.contributions.groups.of_row).all()
            assert (found.contributions.members == written.contributions.members).all()


def test_the_explained_rows_keep_their_parts(explained: Background) -> None:
    """Of every explained row is kept which parts it belongs to, in the rows' order."""
    assert explained.contributions is not None
    assert explained.contributions.members.shape == (120, 6)
    assert (explained.contributions.members == explained.partition.members(text_rows(120, 3))).all()


def test_no_category_is_kept_that_few_have(tmp_path: Path, plain: Background) -> None:
    """Of categories that the fitted rows had only digests are kept, but for those that are slices."""
    assert plain.partition.seen["where"] == {digest("north"), digest("south"), digest("east")}
    background.write(tmp_path, plain)
    cuts = json.loads((tmp_path / "background.json").read_text())["cuts"]
    assert {cut["column"] for cut in cuts} == {column.name for column in SPEC.columns}
    assert np.load(tmp_path / "seen-0.npy").dtype == np.uint64


def test_words_are_counted_against_the_fitted_rows(plain: Background) -> None:
    """The share of unknown tokens of the held-out rows is known, and none where all their words were fitted on."""
    assert plain.tokens["text"].all == 12_000
    assert plain.tokens["text"].unknown == 0


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("background.json", None),
        ("background.json", b"{}"),
        ("background.json", b'{"cuts": [], "tokens": [], "model": null}'),
        ("part-totals.npy", np.zeros((3, 4))),
        ("part-products.npy", np.zeros(3)),
        ("part-groups.npy", np.zeros(3, np.int64)),
        ("seen-1.npy", np.zeros(3)),
        ("seen-0.npy", np.array([object()])),
        ("contribution-places.npy", np.full(3, 10**6, np.int32)),
        ("contribution-groups.npy", np.zeros(3, np.int64)),
        ("contribution-values.npy", None),
        ("contribution-parts.npy", None),
        ("contribution-parts.npy", np.zeros((120, 2), np.bool_)),
        ("contribution-parts.npy", np.zeros((120, 6), np.int64)),
    ],
)
def test_damaged_files_are_refused(
    tmp_path: Path, plain: Background, explained: Background, name: str, content: object
) -> None:
    """A file that is missing or does not fit the others is refused, and none can hold code."""
    written = explained if name.startswith("contribution") else plain
    background.write(tmp_path, written)
    if content is None:
        (tmp_path / name).unlink()
    elif isinstance(content, bytes):
        (tmp_path / name).write_bytes(content)
    else:
        np.save(tmp_path / name, content)  # type: ignore[arg-type]
    with pytest.raises(InputError):
        background.read(tmp_path, written.partition.spec)


def test_another_specs_background_is_refused(tmp_path: Path, plain: Background, spec: PipelineSpec) -> None:
    """A background of other columns than the spec's is refused."""
    background.write(tmp_path, plain)
    with pytest.raises(InputError, match="make it anew"):
        background.read(tmp_path, spec)


def test_what_cannot_be_explained_says_why(plain: Background, explained: Background, given_model: GivenModel) -> None:
    """Without a model, or with a baseline that was made without one, attribution says what is missing."""
    assert Watch(explained, None).unexplained == "no model was given"
    assert "baseline was made without" in Watch(plain, given_model).unexplained
    assert Watch(explained, given_model).attribution is not None


def test_another_model_is_refused(explained: Background, given_model: GivenModel) -> None:
    """A model that the baseline was not made with explains nothing: it is refused."""
    with pytest.raises(InputError, match="not the one that the baseline was made with"):
        Watch(explained, GivenModel(given_model.loaded, "another"))
