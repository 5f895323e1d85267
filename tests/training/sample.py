"""A small labelled sample, and the folders of the jobs around it."""

import json
from pathlib import Path
from random import Random
from typing import Any

from chalicelib.core.spec import PipelineSpec
from training import prepare
from training.settings import Settings

GOOD = ["wonderful", "moving", "brilliant", "touching", "superb", "delightful", "gripping", "charming"]
BAD = ["boring", "dreadful", "clumsy", "awful", "tedious", "pointless", "shallow", "wooden"]
PLAIN = ["the", "film", "story", "actor", "scene", "music", "plot", "ending", "was", "is", "and", "with", "of", "it"]


def make_rows(count: int, seed: int = 0, groups: int = 40) -> list[dict[str, str]]:
    """Return reviews whose words lean towards their label, with some of the other kind among them."""
    random = Random(seed)  # noqa: S311 - test data
    rows = []
    for number in range(count):
        label = ("negative", "positive")[number % 2]
        own, other = (GOOD, BAD) if label == "positive" else (BAD, GOOD)
        words = random.choices(PLAIN, k=30) + random.choices(own, k=3) + random.choices(other, k=1)
        random.shuffle(words)
        rows.append({"text": " ".join(words) + "!", "label": label, "title": f"film {random.randrange(groups)}"})
    return rows


def put_spec(folder: Path, spec: PipelineSpec) -> None:
    """Write a spec's channel."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "spec.json").write_text(json.dumps(spec.to_dict()))


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Return a JSON Lines file's objects."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def run_prepare(base: Path, spec: PipelineSpec, files: dict[str, bytes]) -> Path:
    """Prepare files; return the folder of what came out."""
    settings = Settings(base)
    put_spec(settings.processing_input("spec"), spec)
    for name, content in files.items():
        path = settings.processing_input("raw") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    prepare.run(settings)
    return settings.processing_output("prepared")


def json_lines(rows: list[dict[str, str]]) -> bytes:
    """Return rows as an upload in JSON Lines."""
    return "".join(json.dumps(row) + "\n" for row in rows).encode()
