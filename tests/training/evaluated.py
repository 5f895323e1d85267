"""Held-out rows and answers made by hand, and the folders of a whole evaluate job."""

import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from chalicelib.core.spec import PipelineSpec
from tests.training.sample import put_spec, read_lines, run_train
from training import evaluate
from training.held_out import Answers, HeldOut
from training.learners.model import Loaded, load
from training.resampling import Groups
from training.settings import Settings


def make_held_out(spec: PipelineSpec, target: Sequence[float], sources: Sequence[str] | None = None) -> HeldOut:
    """Return held-out rows, each a group of its own, whose inputs are numbered from 1."""
    rows = len(target)
    return HeldOut(
        spec,
        [f"row {row}" for row in range(rows)],
        np.array(target, np.float64),
        Groups(np.arange(rows), rows),
        np.zeros(rows, np.uint64),
        np.arange(1, rows + 1, dtype=np.uint64),
        [""] * rows if sources is None else sources,
    )


def make_answers(numbers: Sequence[float]) -> Answers:
    """Return answers that call positive what scores at least a half."""
    scores = np.array(numbers, np.float64)
    return Answers(scores, scores >= 0.5, ["7"])


class Job:
    """An evaluate job of a real model on real held-out rows; what the job is given can be taken away."""

    def __init__(self, base: Path, spec: PipelineSpec, files: dict[str, bytes]) -> None:
        self.spec = spec
        self.trained = run_train(base / "made", spec, files)
        self.prepared = base / "made/prepare/processing/output/prepared"
        self.settings = Settings(base / "evaluate")
        put_spec(self.settings.processing_input("spec"), spec)
        self.score("scores", load(self.trained.model))
        for name, path in (
            ("truth", "truth/labels.jsonl"),
            ("test", "test/features.jsonl"),
            ("summary", "summary.json"),
        ):
            self.put(f"{name}/{Path(path).name}", (self.prepared / path).read_bytes())
        self.put("model/model.tar.gz", archive({path.name: path.read_bytes() for path in self.trained.model.iterdir()}))

    def put(self, name: str, content: bytes) -> None:
        path = self.settings.processing_input(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def score(self, channel: str, loaded: Loaded) -> None:
        """Write what a transform would of the held-out rows."""
        rows = read_lines(self.prepared / "test/features.jsonl")
        lines = [
            {"id": row["id"], "model_version": "7"}
            | (
                {"value": score}
                if self.spec.regression
                else {"label": self.spec.labels[score >= loaded.threshold], "score": score}
            )
            for row, score in zip(rows, loaded.model.score(rows).tolist(), strict=True)
        ]
        self.put(f"{channel}/features.jsonl.out", "".join(json.dumps(line) + "\n" for line in lines).encode())

    def put_seen(self, channel: str, prepared: Path) -> None:
        """Write the digests of what a model of a dataset version has seen."""
        for path in (prepared / "seen").iterdir():
            self.put(f"{channel}/{path.name}", path.read_bytes())

    def run(self) -> tuple[dict[str, Any], str]:
        """Evaluate; return the evaluation and the report."""
        evaluate.run(self.settings)
        out = self.settings.processing_output("evaluation")
        value: dict[str, Any] = json.loads((out / "evaluation.json").read_text())
        return value, (out / "report.html").read_text(encoding="utf-8")


def archive(contents: Mapping[str, bytes]) -> bytes:
    """Return files as SageMaker packs them."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as packed:
        for name, content in contents.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            packed.addfile(member, io.BytesIO(content))
    return buffer.getvalue()
