import dataclasses
import json

import numpy as np
import pytest

from chalicelib.core.spec import PipelineSpec
from tests.training.sample import make_rows
from training import metrics
from training.artifact import Files
from training.channels import LabelledRow
from training.errors import ArtifactError, HyperparameterError, RefusedDataError
from training.learners.fitted import Fitted
from training.learners.model import READERS
from training.learners.registry import FITTERS
from training.learners.text_margin_boosting import fit
from training.learners.text_model import TextModel, read_text_model
from training.rows import Row

FAST = {"rounds": "30", "min_child_weight": "5"}


def labelled(count: int, seed: int = 0, *, groups: bool = True) -> list[LabelledRow]:
    return [
        LabelledRow(f"{seed}-{place}", Row({"text": row["text"]}, row["label"], row["title"] if groups else None))
        for place, row in enumerate(make_rows(count, seed))
    ]


@pytest.fixture(scope="module")
def fitted(spec: PipelineSpec) -> Fitted:
    return fit(spec, labelled(400), labelled(100, 1), FAST)


def test_it_learns(spec: PipelineSpec, fitted: Fitted) -> None:
    """On unseen texts the model is far better than chance, and says how good it was on validation."""
    rows = labelled(200, 2)
    scores = fitted.model.score([row.row.columns for row in rows])
    positive = np.array([row.row.label == spec.positive_label for row in rows])
    assert metrics.auc(positive, scores) > 0.85
    assert fitted.metrics["validation:auc"] > 0.85
    assert set(fitted.metrics) >= {"validation:accuracy", "validation_linear:accuracy", "validation:log_loss"}


def test_reading_gives_the_same_model(fitted: Fitted) -> None:
    """A model read from its files gives every text the score of the model that was fitted, alone as among others."""
    rows = [row.row.columns for row in labelled(50, 3)] + [{"text": ""}, {"text": "bad"}, {"text": "\ud800"}]
    read = read_text_model(Files(fitted.model.to_files()))
    scores = fitted.model.score(rows)
    np.testing.assert_array_equal(read.score(rows), scores)
    np.testing.assert_array_equal(np.concatenate([read.score([row]) for row in rows]), scores)
    assert ((scores > 0) & (scores < 1)).all()


def test_same_data_same_bytes(spec: PipelineSpec, fitted: Fitted) -> None:
    """Data, spec and seed decide every byte of every file."""
    assert fit(spec, labelled(400), labelled(100, 1), FAST).model.to_files() == fitted.model.to_files()


def test_validation_rows_are_refitted(spec: PipelineSpec, fitted: Fitted) -> None:
    """After the selection the model also knows the validation rows' words."""
    extra = [
        LabelledRow(f"x{place}", Row({"text": "zebra zebra"}, label, f"z{place}"))
        for place, label in enumerate(["negative", "positive"] * 3)
    ]
    refitted = fit(spec, labelled(100), extra, FAST).model
    assert isinstance(refitted, TextModel)
    assert isinstance(fitted.model, TextModel)
    assert "zebra" in refitted.ngrams.tokens
    assert "zebra" not in fitted.model.ngrams.tokens


@pytest.mark.parametrize("validation", [[], labelled(1, 1), labelled(3, 1)])
def test_little_validation_is_no_obstacle(spec: PipelineSpec, validation: list[LabelledRow]) -> None:
    """Without validation rows of both labels the rounds are the default; there is a model all the same."""
    assert fit(spec, labelled(60, groups=False), validation, FAST).model.score([{"text": "superb"}]).shape == (1,)


def test_smallest_data_that_can_be_learnt(spec: PipelineSpec) -> None:
    """Two rows of each label are enough for a model."""
    assert 0 < fit(spec, labelled(4), [], {}).model.score([{"text": "film"}])[0] < 1


def test_unlearnable_rows_are_refused(spec: PipelineSpec) -> None:
    """One row of a label, or no word in two texts, is said in words."""
    with pytest.raises(RefusedDataError, match="at least two training rows"):
        fit(spec, labelled(3), [], {})
    lonely = [
        dataclasses.replace(row, row=Row({"text": f"w{place}"}, row.row.label, None))
        for place, row in enumerate(labelled(6))
    ]
    with pytest.raises(RefusedDataError, match="no word occurs"):
        fit(spec, lonely, [], {})


@pytest.mark.parametrize("strings", [{"depth": "3"}, {"eta": "fast"}, {"eta": "nan"}, {"folds": "1"}, {"folds": "2.5"}])
def test_hyperparameters_are_strict(spec: PipelineSpec, strings: dict[str, str]) -> None:
    """A misspelt or impossible hyperparameter stops the job, by its name."""
    with pytest.raises(HyperparameterError, match=next(iter(strings))):
        fit(spec, labelled(10), [], strings)


def test_files_that_do_not_fit_are_refused(fitted: Fitted) -> None:
    """A vocabulary of another size than the weights, or a missing file, is no model."""
    files = fitted.model.to_files()
    names = json.loads(files["vocabulary.json"])
    for broken in (
        files | {"vocabulary.json": json.dumps(names[:-1]).encode()},
        files | {"vocabulary.json": json.dumps([*names[:-1], names[0]]).encode()},
        files | {"linear.json": b"{}"},
        files | {"weights.npy": b"not an array"},
        {name: content for name, content in files.items() if name != "codes_2.npy"},
    ):
        with pytest.raises(ArtifactError):
            read_text_model(Files(broken))


def test_every_learner_has_a_reader() -> None:
    """What can be fitted can be served."""
    assert FITTERS.keys() == READERS.keys()
