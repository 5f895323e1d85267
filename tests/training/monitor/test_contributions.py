from pathlib import Path

import numpy as np
import pytest

from chalicelib.core.spec import PipelineSpec
from tests.training.monitor.models import HOMES, PEOPLE, table_rows, text_rows, train_table
from training.learners.encoding import encode
from training.learners.model import load
from training.learners.text_model import TextModel
from training.monitor.contributions import TableExplainer, TextExplainer, explainer_of
from training.settings import Settings
from training.text import tokenize


@pytest.fixture(scope="module")
def model(trained: Settings) -> TextModel:
    found = load(trained.model).model
    assert isinstance(found, TextModel)
    return found


def test_words_add_up_to_the_margin(model: TextModel) -> None:
    """What the n-grams of a text contribute adds up to its linear log-odds, less those of a text without a word."""
    rows = [*text_rows(30, 5), {"text": ""}, {"text": "nothing known zzzz"}]
    found = TextExplainer(model).explain(rows)
    for row, contributed in zip(rows, np.asarray(found.sum(axis=1)).ravel().tolist(), strict=True):
        located = model.ngrams.locate(model.ngrams.encode(tokenize(str(row["text"]))))
        margin = model.margin.describe(located)[0]
        assert contributed == pytest.approx(model.scale * (margin - model.margin.intercept), abs=1e-6)


@pytest.mark.parametrize("spec", [HOMES, PEOPLE], ids=["a value", "labels"])
def test_columns_add_up_to_the_margin(tmp_path: Path, spec: PipelineSpec) -> None:
    """What columns contribute adds up to the margin, less one constant for all rows, also where values are missing."""
    table = train_table(tmp_path, spec)
    rows = table_rows(spec, 40, 9)
    margins = table.scale * table.trees.margin(encode(table.encoders, rows))
    rest = margins - np.asarray(TableExplainer(table).explain(rows).sum(axis=1)).ravel()
    assert np.ptp(rest) < 1e-4 * max(1.0, float(np.ptp(margins)))
    assert np.ptp(margins) > 0.5


def test_a_words_effect_is_what_it_adds(model: TextModel) -> None:
    """A word's effect on a typical row is its mean contribution to the rows that hold it; an unknown word has none."""
    rows = text_rows(200, 5)
    explainer = TextExplainer(model)
    values = explainer.explain(rows)
    wonderful = model.ngrams.tokens["wonderful"]
    (found, unknown) = explainer.weigh(["wonderful", "zzzz"], values, np.arange(model.ngrams.size)).tolist()
    column = values[:, [wonderful]]
    assert found == pytest.approx(column.sum() / column.nnz, rel=0.1)
    assert unknown == 0


def test_features_have_names(model: TextModel, tmp_path: Path) -> None:
    """Features are called by their words, or by their column."""
    place = model.ngrams.tokens["boring"]
    assert TextExplainer(model).names([place]) == ["boring"]
    table = train_table(tmp_path, HOMES)
    assert TableExplainer(table).names([0, 4]) == [HOMES.columns[0].name, HOMES.columns[4].name]


def test_each_kind_of_model_has_an_explainer(model: TextModel, tmp_path: Path) -> None:
    """Models of text and of tables can be explained; of another kind nothing is said."""
    assert isinstance(explainer_of(model), TextExplainer)
    assert isinstance(explainer_of(train_table(tmp_path, HOMES)), TableExplainer)

    class Other:
        def score(self, rows: object) -> np.ndarray:  # noqa: ARG002 - a model's
            return np.zeros(0)

        def to_files(self) -> dict[str, bytes]:
            return {}

    assert explainer_of(Other()) is None
