import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from chalicelib.core.spec import Learner, PipelineSpec
from chalicelib.pipelines.housing import SPEC as HOUSING
from chalicelib.pipelines.income import SPEC as INCOME
from tests.training.evaluated import Job
from tests.training.report.pages import check_whole, count_plots
from tests.training.sample import csv_file, json_lines, make_homes, make_people, make_rows, put_spec
from training.evaluate import run
from training.settings import Settings

OWN_WORD = "zxqvownword"


@pytest.fixture(scope="module")
def of_reviews(tmp_path_factory: pytest.TempPathFactory, spec: PipelineSpec) -> Job:
    """Return a job of reviews each of which holds a word of its own."""
    rows = [{**row, "text": f"{row['text']} {OWN_WORD}{place}"} for place, row in enumerate(make_rows(300))]
    return Job(tmp_path_factory.mktemp("reviews"), spec, {"a.jsonl": json_lines(rows)})


@pytest.fixture(scope="module")
def page(of_reviews: Job) -> str:
    return of_reviews.run()[1]


def test_pages_need_nothing_else(page: str) -> None:
    """A page fetches nothing and runs nothing: no script, and no address but data."""
    check_whole(page)


def test_plots_are_images_with_words(page: str) -> None:
    """Each plot is an SVG that can be read, has words beside it, and no date."""
    assert count_plots(page) == 4


def test_no_text_of_a_row_is_shown(page: str) -> None:
    """A word of one review alone is nowhere; words of many are."""
    assert OWN_WORD not in page
    assert "wonderful" in page
    assert re.search(r"<code>[0-9a-f]{16}</code>", page)


def test_same_evaluation_same_page(of_reviews: Job, page: str) -> None:
    """Evaluating twice gives the same bytes, plots included."""
    assert of_reviews.run()[1] == page


def test_what_is_filled_in_is_escaped(tmp_path: Path, spec: PipelineSpec) -> None:
    """A file's name, a title or a label that looks like HTML or a formula is shown as it is, and does nothing."""
    labels = ["$bad$", "<b>good"]
    settings = Settings(tmp_path)
    title = "<script>alert(1)</script>"
    put_spec(
        settings.processing_input("spec"), PipelineSpec.from_dict(spec.to_dict() | {"title": title, "labels": labels})
    )
    rows = [{"id": str(row), "label": labels[row % 2], "group": None, "source": "<img src=x>.csv"} for row in range(40)]
    scores = [{"id": row["id"], "label": labels[0], "score": 0.4, "model_version": "<i>7"} for row in rows]
    for name, lines in (("truth/labels.jsonl", rows), ("scores/a.jsonl.out", scores)):
        path = settings.processing_input(name)
        path.parent.mkdir(parents=True)
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    run(settings)
    page = (settings.processing_output("evaluation") / "report.html").read_text(encoding="utf-8")
    assert not any(tag in page for tag in ("<script", "<img src=x", "<i>7", "<b>good"))
    assert all(
        shown in page for shown in ("&lt;script&gt;alert(1)", "&lt;img src=x&gt;.csv", "said &lt;b&gt;good", "$bad$")
    )


@pytest.mark.parametrize(
    ("spec", "file", "shown"),
    [
        (HOUSING, csv_file(make_homes(300, 1)), ("RMSE", "R²", "Predicted and true", "Residuals", "RM ")),
        (
            INCOME,
            csv_file(make_people(400, 1)),
            ("ROC curve", "Calibration", "occupation", "hours_per_week", "marital_status"),
        ),
    ],
)
def test_tables_have_pages_too(tmp_path: Path, spec: PipelineSpec, file: bytes, shown: tuple[str, ...]) -> None:
    """A regression shows residuals, labels show curves, both the columns that matter and their slices."""
    job = Job(tmp_path, replace(spec, learner=Learner("tabular_boosting", {"rounds": "30"})), {"a.csv": file})
    run(job.settings)
    page = (job.settings.processing_output("evaluation") / "report.html").read_text(encoding="utf-8")
    assert [words for words in shown if words not in page] == []
