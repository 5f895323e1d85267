import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from chalicelib.core.spec import Column, DecisionTarget, Learner, PipelineSpec
from chalicelib.pipelines.housing import SPEC as HOUSING
from chalicelib.pipelines.income import SPEC as INCOME
from tests.training.sample import csv_file, make_homes, make_people, run_train
from training import metrics, regression_metrics
from training.artifact import Files, write_model
from training.channels import LabelledRow
from training.errors import ArtifactError, InputError, RefusedDataError
from training.learners import tabular_boosting, text_margin_boosting
from training.learners.fitted import Fitted
from training.learners.model import DECISION, load
from training.learners.tabular_model import read_tabular_model
from training.rows import parse_row

FAST = {"eta": "0.2", "patience": "20", "rounds": "200"}


def homes(count: int, seed: int = 0) -> list[LabelledRow]:
    return [LabelledRow(f"{seed}-{n}", parse_row(HOUSING, row)) for n, row in enumerate(make_homes(count, seed))]


def people(count: int, seed: int = 0) -> list[LabelledRow]:
    return [LabelledRow(f"{seed}-{n}", parse_row(INCOME, row)) for n, row in enumerate(make_people(count, seed))]


@pytest.fixture(scope="module")
def of_homes() -> Fitted:
    return tabular_boosting.fit(HOUSING, homes(400), homes(60, 1), FAST)


@pytest.fixture(scope="module")
def of_people() -> Fitted:
    return tabular_boosting.fit(INCOME, people(800), people(200, 1), FAST)


def test_it_learns_numbers(of_homes: Fitted) -> None:
    """On unseen rows the value is far closer than the mean, and validation says how close."""
    unseen = homes(200, 2)
    truth = np.array([row.row.label for row in unseen], np.float64)
    assert regression_metrics.r2(truth, of_homes.model.score([row.row.columns for row in unseen])) > 0.9
    assert of_homes.metrics["validation:r2"] > 0.9
    assert set(of_homes.metrics) == {f"validation:{name}" for name in ("mae", "mse", "rmse", "r2", "rounds")}


def test_it_learns_labels(of_people: Fitted) -> None:
    """On unseen rows, gaps and rare categories among them, the score tells the labels apart."""
    unseen = people(300, 2)
    positive = np.array([row.row.label == INCOME.positive_label for row in unseen])
    assert metrics.auc(positive, of_people.model.score([row.row.columns for row in unseen])) > 0.85
    assert of_people.held_out is not None
    assert of_people.held_out.shape == (200,)


@pytest.mark.parametrize("name", ["of_homes", "of_people"])
def test_reading_gives_the_same_model(name: str, request: pytest.FixtureRequest) -> None:
    """A model read from its files gives every row the score of the one that was fitted, alone as among others."""
    model = request.getfixturevalue(name).model
    rows = [row.row.columns for row in (homes(50, 3) if name == "of_homes" else people(50, 3))]
    rows += [dict.fromkeys(rows[0]), {**rows[0], "CHAS": "never seen", "race": "never seen"}]
    read = read_tabular_model(Files(model.to_files()))
    np.testing.assert_array_equal(read.score(rows), model.score(rows))
    np.testing.assert_array_equal(np.concatenate([read.score([row]) for row in rows]), model.score(rows))
    assert np.isfinite(model.score(rows)).all()
    assert model.score([]).shape == (0,)


def test_same_data_same_bytes(of_people: Fitted) -> None:
    """Data, spec and seed decide every byte of every file."""
    again = tabular_boosting.fit(INCOME, people(800), people(200, 1), FAST)
    assert again.model.to_files() == of_people.model.to_files()


def test_validation_rows_are_refitted(of_people: Fitted) -> None:
    """After the selection the model also knows the validation rows' categories."""
    glaziers = [
        replace(row, row=replace(row.row, columns={**row.row.columns, "occupation": "glazier"}))
        for row in people(60, 1)
    ]
    model = tabular_boosting.fit(INCOME, people(100), glaziers, FAST).model
    assert b"glazier" in model.to_files()["table.json"]
    assert b"glazier" not in of_people.model.to_files()["table.json"]


@pytest.mark.parametrize("factor", [1e-6, 1e6])
def test_the_targets_unit_does_not_matter(of_homes: Fitted, factor: float) -> None:
    """Values in another unit give the same model in that unit."""

    def scaled(rows: list[LabelledRow]) -> list[LabelledRow]:
        return [replace(row, row=replace(row.row, label=float(row.row.label) * factor)) for row in rows]

    model = tabular_boosting.fit(HOUSING, scaled(homes(400)), scaled(homes(60, 1)), FAST).model
    rows = [row.row.columns for row in homes(50, 2)]
    np.testing.assert_allclose(model.score(rows) / factor, of_homes.model.score(rows), rtol=1e-2)


@pytest.mark.parametrize("validation", [[], people(1, 1)])
def test_little_validation_is_no_obstacle(validation: list[LabelledRow]) -> None:
    """Without validation rows of both labels the rounds are the default; there is a model all the same."""
    fitted = tabular_boosting.fit(INCOME, people(60), validation, FAST)
    assert fitted.held_out is None
    assert 0 < fitted.model.score([people(1, 4)[0].row.columns])[0] < 1


def test_one_value_is_refused() -> None:
    """Training rows with one target teach nothing."""
    same = [replace(row, row=replace(row.row, label=7.0)) for row in homes(20)]
    with pytest.raises(RefusedDataError, match="the same 'MEDV'"):
        tabular_boosting.fit(HOUSING, same, [], {})


def test_pipelines_of_another_learner_are_refused(spec: PipelineSpec) -> None:
    """A learner says which columns and tasks it reads, instead of failing in the middle."""
    with pytest.raises(InputError, match="has other columns: text"):
        tabular_boosting.fit(spec, [], [], {})
    with pytest.raises(InputError, match="for binary_classification; the spec says regression and has other columns"):
        text_margin_boosting.fit(HOUSING, [], [], {})
    text = replace(HOUSING, columns=(Column("RM", "text"),))
    with pytest.raises(InputError, match="the spec says regression"):
        text_margin_boosting.fit(text, [], [], {})


def test_files_that_do_not_fit_are_refused(of_homes: Fitted) -> None:
    """Trees of other columns or another task, or a missing file, are no model."""
    files = of_homes.model.to_files()
    table = json.loads(files["table.json"])
    for broken in (
        files | {"table.json": json.dumps({**table, "columns": table["columns"][:-1]}).encode()},
        files | {"table.json": json.dumps({**table, "regression": False}).encode()},
        files | {"table.json": b"{}"},
        {"table.json": files["table.json"]},
    ):
        with pytest.raises(ArtifactError):
            read_tabular_model(Files(broken))


def test_the_threshold_is_chosen_and_kept(tmp_path: Path) -> None:
    """A training job keeps the threshold that reaches the spec's target on validation; without a target it is 0.5."""
    aimed = replace(INCOME, learner=Learner("tabular_boosting", FAST), decision=DecisionTarget("recall", 0.9))
    files = {"a.csv": csv_file(make_people(1000))}
    settings = run_train(tmp_path / "1", aimed, files)
    loaded = load(settings.model)
    measured = json.loads((settings.model / "metrics.json").read_text())["metrics"]
    assert measured["validation:recall"] >= 0.9
    assert loaded.threshold == measured["validation:threshold"] != 0.5
    assert load(run_train(tmp_path / "2", replace(aimed, decision=None), files).model).threshold == 0.5


def test_models_without_a_threshold_are_still_read(tmp_path: Path, of_people: Fitted) -> None:
    """A model from before there were thresholds and tasks is served as it was."""
    old = {name: value for name, value in INCOME.to_dict().items() if name not in {"task", "missing", "decision"}}
    write_model(tmp_path, of_people.model.to_files() | {"spec.json": json.dumps(old).encode()})
    assert not (tmp_path / DECISION).exists()
    assert load(tmp_path).threshold == 0.5
