"""What a window is compared with: made once for a model, of held-out rows and what the model answered to them.

Held-out rows, since a model is surer of rows that it was fitted on; the vocabulary comes from those rows, which the
model knows. Edges, categories and vocabulary are stored and never derived again. The baseline keeps of each of its rows
which cells it falls into and which common words it holds, but neither text nor number, since the alarm's rule draws
windows from them (see `null`).

The price: of a few thousand held-out rows, a drift of a window is only seen as far as they allow: however long the
window is, the baseline's own error remains. A check says where that is so.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy import sparse

from chalicelib.core.spec import PipelineSpec
from chalicelib.core.values import Value
from training.monitor.documents import Floats, Vocabulary, learn
from training.monitor.edges import Counts, Ints, cells_of, find_edges
from training.monitor.null import Null
from training.monitor.rows import Looked, encode_texts, known_categories, look, number_names
from training.monitor.rule import Block
from training.resampling import Groups

COARSE = 32  # cells of a number among the features


@dataclass(frozen=True)
class Cells:
    """What the cells of a pipeline's numbers, categories and texts are; what is looked at lies in their order.

    ``edges`` are those of each number, ``categories`` the names of each column's, `OTHERS` last.
    """

    edges: Mapping[str, Floats]
    categories: Mapping[str, Sequence[str]]
    vocabularies: Mapping[str, Vocabulary]

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """What lies where among the features; the last cell of a number or category is that of missing ones."""
        widths = [(name, "number", _coarse(len(edges) + 1) + 1) for name, edges in self.edges.items()]
        widths += [(name, "categories", len(known) + 1) for name, known in self.categories.items()]
        widths += [(f"{name}.words", "words", words.compared) for name, words in self.vocabularies.items()]
        ends = np.cumsum([width for _, _, width in widths]).tolist()
        return tuple(
            Block(name, kind, end - width, end)  # type: ignore[arg-type]
            for (name, kind, width), end in zip(widths, ends, strict=True)
        )

    def places(self, looked: Looked) -> list[Ints]:
        """Return each row's cell in each number and column of categories, the finest there are."""
        numbers = [cells_of(looked.numbers[:, place], edges) for place, edges in enumerate(self.edges.values())]
        return numbers + [self._category_places(name, looked.categories[name]) for name in self.categories]

    def features(self, looked: Looked) -> sparse.csr_matrix:
        """Return rows as features, all 0 or 1."""
        parts = []
        for block, cells in zip(self.blocks, self.places(looked), strict=False):  # words come after
            width = block.last - block.first
            if block.kind == "number":
                fine = len(self.edges[block.name]) + 1
                parts.append(_one_each(np.where(cells == fine, width - 1, cells * (width - 1) // fine), width))
            else:
                parts.append(_one_each(cells, width))
        parts += [looked.words[name] for name in self.vocabularies]
        features: sparse.csr_matrix = sparse.hstack(parts, "csr", np.float32)
        return features

    def sums(self, counts: Mapping[str, Counts], words: Mapping[str, Ints]) -> Floats:
        """Return how many rows of a window have each feature, from its counts."""
        found = []
        for block in self.blocks:
            if block.kind == "words":
                found.append(words[block.name.removesuffix(".words")])
                continue
            counted = counts[block.name]
            width = block.last - block.first - 1
            places = np.arange(len(counted.cells)) * width // len(counted.cells)
            found.append(np.append(np.bincount(places, counted.cells, minlength=width), counted.missing))
        return np.concatenate(found).astype(np.float64)

    def count_categories(self, looked: Looked) -> dict[str, Counts]:
        """Count the categories of rows."""
        return {name: self._count(name, looked.categories[name]) for name in self.categories}

    def _count(self, name: str, values: Sequence[str | None]) -> Counts:
        counted = np.bincount(self._category_places(name, values), minlength=len(self.categories[name]) + 1)
        return Counts(counted[:-1], int(counted[-1]))

    def _category_places(self, name: str, values: Sequence[str | None]) -> Ints:
        known = {category: place for place, category in enumerate(self.categories[name])}
        others = len(known) - 1
        return np.array([len(known) if value is None else known.get(value, others) for value in values], np.int64)


@dataclass(frozen=True)
class Baseline:
    """The cells, how many of the baseline's rows fall into each, and its rows as features, in groups.

    ``quality`` is what `model_quality` keeps of the model's, None if nothing is known of it.
    """

    cells: Cells
    counts: Mapping[str, Counts]
    null: Null
    quality: Mapping[str, Any] | None = None

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return int(self.null.features.shape[0])


def make(
    spec: PipelineSpec,
    fitted: Iterable[Mapping[str, Value]],
    rows: Sequence[Mapping[str, Value]],
    scores: Floats,
    groups: Groups,
) -> Baseline:
    """Return a model's baseline.

    Parameters
    ----------
    fitted
        Rows that the model was fitted on: the vocabularies are theirs.
    rows, scores, groups
        Held-out rows, what the model answered to each, and their groups.
    """
    known = list(fitted) if any(column.kind == "text" for column in spec.columns) else []
    vocabularies = {name: learn(documents) for name, documents in encode_texts(spec, known).items()}
    looked = look(spec, vocabularies, rows, encode_texts(spec, rows), scores)
    return of_rows(number_names(spec), vocabularies, looked, groups)


def of_rows(names: Sequence[str], vocabularies: Mapping[str, Vocabulary], looked: Looked, groups: Groups) -> Baseline:
    """Return the baseline of rows that were looked at; ``names`` are those of the numbers."""
    cells = Cells(
        {name: find_edges(looked.numbers[:, place]) for place, name in enumerate(names)},
        {name: known_categories(values) for name, values in looked.categories.items()},
        vocabularies,
    )
    counts = cells.count_categories(looked)
    for place, (name, edges) in enumerate(cells.edges.items()):
        counted = np.bincount(cells_of(looked.numbers[:, place], edges), minlength=len(edges) + 2)
        counts[name] = Counts(counted[:-1], int(counted[-1]))
    return Baseline(cells, counts, Null(cells.features(looked), groups))


def _one_each(cells: Ints, width: int) -> sparse.csr_matrix:
    """Return a matrix with a single one in each row, in these columns."""
    return sparse.csr_matrix((np.ones(len(cells), np.float32), cells, np.arange(len(cells) + 1)), (len(cells), width))


def _coarse(fine: int) -> int:
    return min(COARSE, fine)
