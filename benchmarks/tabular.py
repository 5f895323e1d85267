"""Measures the tabular pipelines on real data: `housing` beside plain XGBoost on ten splits, `income` on three.

``python -m benchmarks.tabular --data FOLDER``, where FOLDER holds boston/boston.csv and adult/adult.csv.gz. Each salt
is another split of the same rows: ours learns from its training and validation rows, the second only to choose when to
stop; plain XGBoost, with its defaults, learns from the same rows; both are measured on the same held-out ones. Through
the container's own `prepare` and `train`, in one process.
"""

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import xgboost

from chalicelib.core.spec import PipelineSpec
from chalicelib.core.values import Value
from chalicelib.pipelines import housing, income
from training import metrics, prepare, regression_metrics, train
from training.learners.model import Loaded, load
from training.settings import Settings

HOUSING_SALTS = 10
INCOME_SALTS = 3
WANTED_AUC = 0.925

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Lines:
    """A side's rows, by column, and what they are."""

    rows: list[Mapping[str, Value]]
    targets: list[str | float]


def learn(spec: PipelineSpec, file: Path, base: Path) -> tuple[Loaded, Lines, Lines]:
    """Prepare the file and train on it; return the model, the rows it was fitted on, and the held-out ones."""
    settings = Settings(base)
    for folder in (settings.processing_input("spec"), settings.channel("spec")):
        folder.mkdir(parents=True)
        (folder / "spec.json").write_text(json.dumps(spec.to_dict()))
    settings.processing_input("raw").mkdir()
    shutil.copy(file, settings.processing_input("raw"))
    prepare.run(settings)
    prepared = settings.processing_output("prepared")
    for side in ("train", "validation"):
        shutil.copytree(prepared / side, settings.channel(side))
    train.run(settings)
    fitted = [row for side in ("train", "validation") for row in read(prepared / side / "rows.jsonl")]
    held_out = read(prepared / "test/features.jsonl")
    truth = {row["id"]: row["label"] for row in read(prepared / "truth/labels.jsonl")}
    return (
        load(settings.model),
        Lines(fitted, [row[spec.target] for row in fitted]),  # type: ignore[misc] # a target is never missing
        Lines(held_out, [truth[row["id"]] for row in held_out]),  # type: ignore[misc] # the same
    )


def read(path: Path) -> list[Mapping[str, Value]]:
    """Read JSON Lines."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def plain(spec: PipelineSpec, fitted: Lines, held_out: Lines) -> Floats:
    """Return what XGBoost with its defaults, as its scikit-learn interface has them, says of the held-out rows."""
    model = xgboost.XGBRegressor(n_jobs=1).fit(to_matrix(spec, fitted), np.array(fitted.targets, np.float64))
    predicted: Floats = model.predict(to_matrix(spec, held_out)).astype(np.float64)
    return predicted


def to_matrix(spec: PipelineSpec, lines: Lines) -> npt.NDArray[np.float32]:
    """Return rows as plain numbers, NaN where one is missing; categories must be written as numbers."""
    values = [[row[column.name] for column in spec.columns] for row in lines.rows]
    return np.array([[np.nan if value is None else float(value) for value in row] for row in values], np.float32)


def measure_housing(file: Path, salts: int) -> bool:
    """Print the error of ours and of plain XGBoost by salt; return whether ours is no worse in the mean."""
    errors = []
    for number in range(1, salts + 1):
        spec = replace(housing.SPEC, split=replace(housing.SPEC.split, salt=f"housing-{number}"))
        with tempfile.TemporaryDirectory() as folder:
            loaded, fitted, held_out = learn(spec, file, Path(folder))
        truth = np.array(held_out.targets, np.float64)
        both = [
            regression_metrics.rmse(truth, said)
            for said in (loaded.model.score(held_out.rows), plain(spec, fitted, held_out))
        ]
        errors.append(both)
        print(f"housing-{number}: {len(truth)} held out, RMSE {both[0]:.3f}, plain XGBoost {both[1]:.3f}")
    ours, theirs = np.mean(errors, axis=0)
    print(f"housing: mean RMSE over {salts} salts {ours:.3f}, plain XGBoost {theirs:.3f} (wanted: no worse)")
    return bool(ours <= theirs)


def measure_income(file: Path, salts: int) -> bool:
    """Print the AUC, and what the threshold gives, by salt; return whether the mean AUC is what is wanted."""
    areas = []
    for number in range(1, salts + 1):
        spec = replace(income.SPEC, split=replace(income.SPEC.split, salt=f"income-{number}"))
        with tempfile.TemporaryDirectory() as folder:
            start = time.process_time()
            loaded, _, held_out = learn(spec, file, Path(folder))
            spent = time.process_time() - start
        scores = loaded.model.score(held_out.rows)
        positive = np.array([target == spec.positive_label for target in held_out.targets], np.bool_)
        table = metrics.confusion(positive, scores >= loaded.threshold)
        areas.append(metrics.auc(positive, scores))
        print(
            f"income-{number}: {len(scores)} held out, AUC {areas[-1]:.4f}; from {loaded.threshold:.3f} upwards"
            f" precision {table.precision:.3f}, recall {table.recall:.3f}; prepare and train {spent:.1f} CPU s"
        )
    print(f"income: mean AUC over {salts} salts {np.mean(areas):.4f} (wanted: {WANTED_AUC})")
    return bool(np.mean(areas) >= WANTED_AUC)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with boston/boston.csv and adult/adult.csv.gz")
    arguments = parser.parse_args()
    kept = [
        measure_housing(arguments.data / "boston/boston.csv", HOUSING_SALTS),
        measure_income(arguments.data / "adult/adult.csv.gz", INCOME_SALTS),
    ]
    sys.exit(0 if all(kept) else 1)


if __name__ == "__main__":
    main()
