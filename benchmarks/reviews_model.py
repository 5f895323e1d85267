"""Measures the reviews model on real reviews: the cost of `prepare` and `train`, validation metrics, then the test.

``python -m benchmarks.reviews_model --data FOLDER``, where FOLDER/imdb holds train.csv.gz (columns text, label, title).
Both commands run as processes in a temporary `SAGEMAKER_BASE_DIR`, as a job would. ``--final`` also scores
FOLDER/imdb/test.csv.gz: those rows choose nothing, so look at them once, when all is decided.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from chalicelib.pipelines.reviews import SPEC
from training import metrics
from training.learners.model import load
from training.records import read_records

ROOT = Path(__file__).resolve().parent.parent


def run(command: str, base: Path) -> None:
    """Run one command of the container and print what it cost."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    environment = {**os.environ, "SAGEMAKER_BASE_DIR": str(base)}
    finished = subprocess.run(
        [sys.executable, "-m", "training", command],
        cwd=ROOT,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )
    after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter() - start
    if finished.returncode:
        sys.exit(f"{command} failed:\n{finished.stdout}{finished.stderr}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    # The maximum over all children so far: train comes last and is by far the largest.
    peak = after.ru_maxrss / 1024
    print(f"{command}: {cpu:.1f} CPU s, {wall:.1f} s, peak {peak:.0f} MB")
    for line in finished.stdout.splitlines():
        if line.endswith(";"):
            print(" ", line)


def prepare(data: Path, base: Path) -> Path:
    """Prepare the training file; return the folder of the prepared rows."""
    raw, spec = base / "processing/input/raw", base / "processing/input/spec"
    raw.mkdir(parents=True)
    spec.mkdir(parents=True)
    shutil.copy(data / "train.csv.gz", raw)
    (spec / "spec.json").write_text(json.dumps(SPEC.to_dict()))
    run("prepare", base)
    prepared = base / "processing/output/prepared"
    summary = json.loads((prepared / "summary.json").read_text())
    seed = SPEC.learner.hyperparameters.get("seed", "0")
    print(f"  salt {SPEC.split.salt!r}, seed {seed}, content {summary['content_digest'][:16]}")
    for what in ("rows", "groups", "labels"):
        print(f"  {what}: {summary[what]}")
    return prepared


def train(prepared: Path, base: Path) -> None:
    """Train on the prepared rows."""
    channels = base / "input/data"
    for side in ("train", "validation"):
        shutil.copytree(prepared / side, channels / side)
    (channels / "spec").mkdir()
    (channels / "spec/spec.json").write_text(json.dumps(SPEC.to_dict()))
    run("train", base)
    size = sum(path.stat().st_size for path in (base / "model").iterdir())
    print(f"  model: {size / 1e6:.1f} MB in {len(list((base / 'model').iterdir()))} files")


def score(path: Path, model_folder: Path, limit: int | None = None) -> None:
    """Score a labelled file and print cost and, over the whole file, its metrics."""
    start = time.process_time()
    loaded = load(model_folder)
    spec, model = loaded.spec, loaded.model
    print(f"load: {time.process_time() - start:.3f} CPU s")
    records = [record.values for record in read_records(path)][:limit]
    rows = [{column.name: str(record[column.name]) for column in spec.columns} for record in records]
    start = time.process_time()
    scores = np.concatenate([model.score([row]) for row in rows])
    print(f"score: {(time.process_time() - start) / len(rows) * 1e6:.0f} CPU microseconds a row, one by one")
    if limit is None:
        positive = np.array([record[spec.target] == spec.positive_label for record in records])
        print(f"{path.name}: {len(rows)} rows")
        accuracy = metrics.confusion(positive, scores >= loaded.threshold).accuracy
        print(f"  accuracy={accuracy:.4f}; auc={metrics.auc(positive, scores):.4f};")


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--data", type=Path, required=True, help="folder that holds imdb/train.csv.gz (--final: and imdb/test.csv.gz)"
    )
    parser.add_argument("--final", action="store_true", help="score test.csv.gz")
    parser.add_argument("--keep", type=Path, help="copy the model to this new folder")
    arguments = parser.parse_args()
    data = arguments.data / "imdb"
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        prepared = prepare(data, base / "prepare")
        train(prepared, base / "train")
        model = base / "train/model"
        score(data / "train.csv.gz", model, limit=1000)
        if arguments.final:
            score(data / "test.csv.gz", model)
        if arguments.keep:
            shutil.copytree(model, arguments.keep)


if __name__ == "__main__":
    main()
