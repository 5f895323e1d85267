"""A spec, rows of its columns, and captured lines of them."""

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chalicelib.core.spec import Column, Learner, PipelineSpec, Split

SPEC = PipelineSpec(
    name="notes",
    title="Is it good?",
    columns=(
        Column("price", "numeric"),
        Column("where", "categorical"),
        Column("text", "text"),
        Column("by", "categorical"),
        Column("answer", "text"),
    ),
    target="label",
    labels=("bad", "good"),
    group="item",
    split=Split(salt="s"),
    learner=Learner("text_margin_boosting"),
)
TIME = "2026-01-01T10:00:00Z"
WORDS = [f"word{number}" for number in range(60)]

Row = dict[str, Any]


def make_rows(count: int, seed: int, moved: float = 0.0, others: Sequence[str] = ()) -> tuple[list[Row], list[float]]:
    """Return rows and scores; ``moved`` moves everything a little, ``others`` are words that texts hold besides."""
    random = np.random.default_rng(seed)
    rows, scores = [], []
    weights = np.arange(1, len(WORDS) + 1.0) ** -1
    weights[:20] *= 1 + moved
    for _ in range(count):
        words = random.choice(WORDS, 12, p=weights / weights.sum()).tolist()
        rows.append(
            {
                "price": None if random.random() < 0.1 else float(random.normal(moved)),
                "where": str(random.choice(["north", "south", "east"], p=[0.5 - moved / 4, 0.3, 0.2 + moved / 4])),
                "text": " ".join([*words, *others]),
                "by": str(random.choice(["a", "b"])),
                "answer": " ".join(words[:3]),
            }
        )
        scores.append(float(random.beta(2 + moved, 2)))
    return rows, scores


def side(data: str, kind: str, encoding: str = "JSON") -> Row:
    """Return one side of a captured line."""
    return {"observedContentType": kind, "mode": "INPUT", "data": data, "encoding": encoding}


def in_base64(data: str, charset: str) -> str:
    """Return a text as captured in base64."""
    return base64.b64encode(data.encode(charset)).decode()


def line(asked: Row, answered: Row, time: str = TIME, inference_id: str | None = None) -> bytes:
    """Return a captured line."""
    named = {} if inference_id is None else {"inferenceId": inference_id}
    event = {
        "captureData": {"endpointInput": asked, "endpointOutput": answered},
        "eventMetadata": {"eventId": "e", "inferenceTime": time, **named},
        "eventVersion": "0",
    }
    return json.dumps(event).encode() + b"\n"


def captured_line(
    rows: Sequence[Mapping[str, Any]],
    scores: Sequence[float],
    version: str = "7",
    *,
    time: str = TIME,
    inference_id: str | None = None,
    label: str = "good",
) -> bytes:
    """Return a request and its answer as our server is captured."""
    predictions = [{"label": label, "score": score} for score in scores]
    return line(
        side(json.dumps({"instances": list(rows)}), "application/json"),
        side(json.dumps({"model_version": version, "predictions": predictions}), "application/json"),
        time,
        inference_id,
    )
