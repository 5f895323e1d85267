"""Models of both kinds, trained for the tests that explain them, and rows for them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from chalicelib.core.spec import Learner, PipelineSpec
from chalicelib.core.values import Value
from chalicelib.pipelines.housing import SPEC as HOUSING
from chalicelib.pipelines.income import SPEC as INCOME
from tests.training.sample import csv_file, make_homes, make_people, make_rows, run_train
from training.learners.model import load
from training.learners.tabular_model import TabularModel
from training.rows import parse_row

QUICK = Learner("tabular_boosting", {"rounds": "30", "category_rows": "5"})
HOMES = replace(HOUSING, learner=QUICK)
PEOPLE = replace(INCOME, learner=QUICK)


def train_table(base: Path, spec: PipelineSpec) -> TabularModel:
    """Return the model of some invented homes or people."""
    file = csv_file(make_homes(300, 1) if spec.regression else make_people(400, 1))
    model = load(run_train(base, spec, {"a.csv": file}).model).model
    assert isinstance(model, TabularModel)
    return model


def table_rows(spec: PipelineSpec, count: int, seed: int) -> Sequence[Mapping[str, Value]]:
    """Return rows as the server reads them."""
    made = make_homes(count, seed) if spec.regression else make_people(count, seed)
    return [parse_row(spec, row).columns for row in made]


def text_rows(count: int, seed: int) -> Sequence[Mapping[str, Value]]:
    """Return reviews as the server reads them."""
    return [{"text": row["text"]} for row in make_rows(count, seed)]
