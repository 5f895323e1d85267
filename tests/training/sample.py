"""A small labelled sample, and the folders of the jobs around it."""

import csv
import io
import json
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from chalicelib.core.spec import PipelineSpec
from training import prepare, train
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
    """Prepare files that are not refused; return the folder of what came out."""
    out, refused = try_prepare(base, spec, files)
    assert refused is None
    return out


def try_prepare(base: Path, spec: PipelineSpec, files: dict[str, bytes]) -> tuple[Path, str | None]:
    """Prepare files; return the folder of what came out, and why they are refused."""
    settings = Settings(base)
    put_spec(settings.processing_input("spec"), spec)
    for name, content in files.items():
        path = settings.processing_input("raw") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    refused = prepare.run(settings)
    return settings.processing_output("prepared"), refused


def json_lines(rows: list[dict[str, str]]) -> bytes:
    """Return rows as an upload in JSON Lines."""
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


HOME_COLUMNS = ("CRIM", "ZN", "INDUS", "NOX", "RM", "AGE", "DIS", "RAD", "TAX", "PTRATIO", "B", "LSTAT", "CHAS")


def make_homes(count: int, seed: int = 0) -> list[dict[str, str]]:
    """Return invented districts as the pipeline `housing` reads them: rooms and the river raise the value."""
    random = Random(seed)  # noqa: S311 - test data
    rows = []
    for _ in range(count):
        row = {name: f"{random.uniform(0, 100):.2f}" for name in HOME_COLUMNS}
        rooms, river = random.uniform(4, 9), random.random() < 0.3
        row |= {"RM": f"{rooms:.3f}", "CHAS": "1" if river else "0", "MEDV": f"{rooms * 4 + river * 8:.1f}"}
        if random.random() < 0.1:
            row["AGE"] = ""
        rows.append(row)
    return rows


PEOPLE_NUMBERS = ("age", "fnlwgt", "education_num", "capital_gain", "capital_loss", "hours_per_week")
PEOPLE_CATEGORIES = ("workclass", "education", "marital_status", "relationship", "race", "sex", "native_country")


def make_people(count: int, seed: int = 0) -> list[dict[str, str]]:
    """Return invented people as the pipeline `income` reads them: one in five earns more, some occupations do often."""
    random = Random(seed)  # noqa: S311 - test data
    rows = []
    for _ in range(count):
        occupation = random.choice(["chemist", "smith", "baker", "carter", "weaver", "?"])
        more = random.random() < {"chemist": 0.6, "smith": 0.4}.get(occupation, 0.05)
        row = {name: str(random.randrange(20, 90)) for name in PEOPLE_NUMBERS}
        row |= {name: random.choice(["a", "b", "c", "?"]) for name in PEOPLE_CATEGORIES}
        row |= {"hours_per_week": str(random.randrange(30, 50) + 10 * more), "occupation": occupation}
        rows.append(row | {"income": ">50K" if more else "<=50K"})
    return rows


def csv_file(rows: list[dict[str, str]]) -> bytes:
    """Return rows as an upload in CSV."""
    file = io.StringIO(newline="")
    table = csv.DictWriter(file, list(rows[0]))
    table.writeheader()
    table.writerows(rows)
    return file.getvalue().encode()


def parquet_file(rows: list[dict[str, Any]], schema: pa.Schema | None = None) -> bytes:
    """Return rows as an upload in Parquet."""
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema), file)
    return file.getvalue()


def run_train(base: Path, spec: PipelineSpec, files: dict[str, bytes]) -> Settings:
    """Prepare files and train on them; return the places of the training job."""
    prepared = run_prepare(base / "prepare", spec, files)
    settings = Settings(base / "train")
    put_spec(settings.channel("spec"), spec)
    for side in ("train", "validation"):
        settings.channel(side).mkdir()
        (settings.channel(side) / "rows.jsonl").write_bytes((prepared / side / "rows.jsonl").read_bytes())
    train.run(settings)
    return settings
