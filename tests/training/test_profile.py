from chalicelib.core.spec import PipelineSpec
from chalicelib.pipelines.housing import SPEC as HOUSING
from training import profile
from training.channels import LabelledRow
from training.rows import Row


def test_profiles_count(spec: PipelineSpec) -> None:
    """A profile has the share of positive rows and the number of groups, a row without one being its own."""
    rows = [
        LabelledRow(str(place), Row({"text": f"text {place}"}, label, group))
        for place, (label, group) in enumerate(
            [("positive", "a"), ("negative", "a"), ("negative", None), ("negative", None), ("positive", "row 2")]
        )
    ]
    assert profile.describe(spec, rows) == {"target": 0.4, "groups": 4, "columns": {"text": {"missing": 0.0}}}


def test_profiles_know_gaps_and_categories() -> None:
    """Of each column the share of gaps is known, and of a category its values."""
    columns = {column.name: 1.0 for column in HOUSING.columns} | {"AGE": None}
    rows = [
        LabelledRow(str(place), Row({**columns, "CHAS": chas}, value, None))
        for place, (chas, value) in enumerate([("1", 10.0), ("0", 20.0), (None, 30.0), ("1", 40.0)])
    ]
    described = profile.describe(HOUSING, rows)
    assert (described["target"], described["groups"]) == (25.0, 4)
    assert described["columns"]["CHAS"] == {"missing": 0.25, "categories": ["0", "1"]}
    assert described["columns"]["AGE"] == {"missing": 1.0}
