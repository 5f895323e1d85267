"""What a row is to the drift check: numbers by name, categories by name, and which common words its texts hold.

A numeric column is a number, a text three (see `documents`), and what the model answered is one more, `SCORE`. Rows
come as they are captured or were held out: a missing number or category is None. Categories beyond the baseline's, and
those it saw in fewer than `LEAST_ROWS` rows, are `OTHERS`: so no name is kept that a single person gave.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from chalicelib.core.spec import PipelineSpec
from chalicelib.core.values import Value
from training.learners.vocabulary import Encoded, encode
from training.monitor.documents import MEASURES, Floats, Vocabulary, describe
from training.text import tokenize

SCORE = "score"  # of a regression, the value
OTHERS = "(all other values)"
LEAST_ROWS = 10  # of a category that has a cell of its own
MOST_CATEGORIES = 1_000


@dataclass(frozen=True)
class Looked:
    """Rows as they are looked at.

    ``numbers`` has shape (rows, numbers), NaN where one is missing; ``categories`` are strings, None where missing, by
    column; ``words`` a matrix of ones for each text column, shape (rows, compared words).
    """

    numbers: Floats
    categories: Mapping[str, Sequence[str | None]]
    words: Mapping[str, sparse.csr_matrix]


def number_names(spec: PipelineSpec) -> list[str]:
    """Return what numbers are called, in the order of `Looked.numbers`; those of a text begin with its column."""
    names = [column.name for column in spec.columns if column.kind == "numeric"]
    texts = [column.name for column in spec.columns if column.kind == "text"]
    return [*names, *(f"{text}.{measure}" for text in texts for measure in MEASURES), SCORE]


def encode_texts(spec: PipelineSpec, rows: Sequence[Mapping[str, Value]]) -> dict[str, Encoded]:
    """Return the tokens of each text column."""
    names = [column.name for column in spec.columns if column.kind == "text"]
    return {name: encode(tokenize(str(row[name])) for row in rows) for name in names}


def look(
    spec: PipelineSpec,
    vocabularies: Mapping[str, Vocabulary],
    rows: Sequence[Mapping[str, Value]],
    texts: Mapping[str, Encoded],
    scores: Floats,
) -> Looked:
    """Return rows, and what the model answered, as they are looked at; ``texts`` are theirs, see `encode_texts`."""
    numeric = [column.name for column in spec.columns if column.kind == "numeric"]
    numbers = [np.array([row[name] for row in rows], np.float64) for name in numeric]  # None becomes NaN
    described = {name: describe(documents, vocabularies[name]) for name, documents in texts.items()}
    for one in described.values():
        numbers += [one.measures[name] for name in MEASURES]
    return Looked(
        np.column_stack([*numbers, scores]),
        {
            column.name: [None if row[column.name] is None else str(row[column.name]) for row in rows]
            for column in spec.columns
            if column.kind == "categorical"
        },
        {name: one.words for name, one in described.items()},
    )


def known_categories(values: Sequence[str | None]) -> list[str]:
    """Return the categories that have cells of their own, most frequent first; `OTHERS` is the last one."""
    counted = Counter(value for value in values if value is not None)
    frequent = [name for name, rows in counted.items() if rows >= LEAST_ROWS and name != OTHERS]
    return [*sorted(frequent, key=lambda name: (-counted[name], name))[: MOST_CATEGORIES - 1], OTHERS]
