"""What a baseline knows beyond its cells: its parts, its words, and what features contributed.

It lies beside the baseline's other files, and none of it can hold code. `background.json` is ``{"cuts": [...],
"tokens": [[column, all, unknown], ...], "model"}``, one cut for each column of the spec.
``part-totals.npy``, ``part-products.npy`` and ``part-groups.npy`` are the sums over its parts (see `parts`);
``seen-n.npy`` are the digests of the fitted rows' categories, of the ``n``-th column of categories: whether one is new
can be told by them, but not what they were called. Where the baseline was made with its model, row ``i`` of those that
were explained got ``contribution-values[starts[i]:starts[i + 1]]`` of the features at the same places of
``contribution-places``, which are places in ``contribution-features``, the model's; its group is the ``i``-th of
``contribution-groups``, and ``contribution-parts`` says which parts it belongs to, shape (rows, parts).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from chalicelib.core.spec import PipelineSpec
from chalicelib.core.values import Value
from training import cuts
from training.channels import read_object, write_object
from training.cuts import Cut
from training.errors import InputError
from training.held_out import Answers
from training.monitor.arrays import read_array
from training.monitor.attribution import Contributions, choose, some_rows
from training.monitor.baseline import Cells
from training.monitor.contributions import explainer_of
from training.monitor.given import GivenModel
from training.monitor.parts import Partition, Sums, Tally
from training.monitor.rows import encode_texts
from training.monitor.window import Tokens
from training.resampling import Groups
from training.rows import digest

BACKGROUND_FILE = "background.json"


@dataclass(frozen=True)
class Background:
    """The parts and their sums, tokens by text, and contributions."""

    partition: Partition
    sums: Sums
    tokens: Mapping[str, Tokens]
    contributions: Contributions | None


def make(
    spec: PipelineSpec,
    *,
    cells: Cells,
    fitted: Sequence[Mapping[str, Value]],
    rows: Sequence[Mapping[str, Value]],
    answers: Answers,
    groups: Groups,
    model: GivenModel | None,
) -> Background:
    """Return a baseline's background.

    Parameters
    ----------
    cells
        Those of the baseline: its vocabularies.
    fitted
        Rows that the model was fitted on.
    rows, answers, groups
        Held-out rows, what the model answered to each, and their groups.
    model
        The model, if it is given.
    """
    seen = {
        column.name: frozenset(digest(str(value)) for value in {row[column.name] for row in fitted} - {None})
        for column in spec.columns
        if column.kind == "categorical"
    }
    learnt = [cuts.learn(column, [cuts.reduce(column, row[column.name]) for row in rows]) for column in spec.columns]
    partition = Partition(spec, learnt, seen)
    tally, order = Tally(len(partition.parts)), np.argsort(groups.of_row, kind="stable")
    numbers = answers.numbers if spec.regression else answers.called.astype(np.float64)
    tally.add(partition.members([rows[place] for place in order.tolist()]), numbers[order], groups.of_row[order])
    contributions = _contributions(model, partition, rows, groups)
    return Background(partition, tally.sums(), _tokens(spec, cells, rows), contributions)


def _tokens(spec: PipelineSpec, cells: Cells, rows: Sequence[Mapping[str, Value]]) -> dict[str, Tokens]:
    found = {}
    for name, documents in encode_texts(spec, rows).items():
        known = frozenset(cells.vocabularies[name].words)
        found[name] = Tokens()
        found[name].count(documents, known)
    return found


def _contributions(
    model: GivenModel | None, partition: Partition, rows: Sequence[Mapping[str, Value]], groups: Groups
) -> Contributions | None:
    explainer = explainer_of(model.loaded.model) if model else None
    if model is None or explainer is None:
        return None
    places = some_rows(groups)
    some = [rows[place] for place in places.tolist()]
    return choose(model.digest, explainer.explain(some), groups.take(places), partition.members(some))


def write(folder: Path, background: Background) -> None:
    """Write a background into the folder of its baseline."""
    contributions = background.contributions
    write_object(
        folder / BACKGROUND_FILE,
        {
            "cuts": [cut.to_json() for cut in background.partition.cuts],
            "tokens": [[name, tokens.all, tokens.unknown] for name, tokens in background.tokens.items()],
            "model": contributions and contributions.model,
        },
    )
    sums = background.sums
    arrays: dict[str, npt.NDArray[Any]] = {
        "part-totals": sums.totals,
        "part-products": sums.products,
        "part-groups": np.append(sums.present, sums.groups),
    }
    for place, digests in enumerate(background.partition.seen.values()):
        arrays[f"seen-{place}"] = np.array(sorted(digests), np.uint64)
    if contributions:
        arrays |= {
            "contribution-features": contributions.features,
            "contribution-values": contributions.values.data,
            "contribution-places": contributions.values.indices.astype(np.int32),
            "contribution-starts": contributions.values.indptr.astype(np.int64),
            "contribution-groups": contributions.groups.of_row,
            "contribution-parts": contributions.members,
        }
    for name, values in arrays.items():
        np.save(folder / f"{name}.npy", values, allow_pickle=False)


def read(folder: Path, spec: PipelineSpec) -> Background:
    """Read what `write` wrote.

    Raises
    ------
    InputError
        If a file is missing, does not fit the others, or is not of the spec's columns.
    """
    known = read_object(folder / BACKGROUND_FILE)
    categorical = [column.name for column in spec.columns if column.kind == "categorical"]
    try:
        partition = Partition(
            spec,
            [Cut.from_json(cut) for cut in known["cuts"]],
            {
                name: frozenset(read_array(folder, f"seen-{place}", np.uint64).tolist())
                for place, name in enumerate(categorical)
            },
        )
        if [cut.column for cut in partition.cuts] != [column.name for column in spec.columns]:
            raise InputError("the baseline is not of this spec's columns: make it anew")
        tokens = {str(name): Tokens(int(every), int(unknown)) for name, every, unknown in known["tokens"]}
        parts, model = len(partition.parts), known["model"]
        contributions = None if model is None else _read_contributions(folder, str(model), parts)
        return Background(partition, _read_sums(folder, parts), tokens, contributions)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise InputError(f"the baseline's files do not fit each other: {type(error).__name__}") from error


def _read_sums(folder: Path, parts: int) -> Sums:
    groups = read_array(folder, "part-groups", np.int64)
    totals = read_array(folder, "part-totals", np.float64, (parts, 4))
    products = read_array(folder, "part-products", np.float64, (parts, 4, 4))
    if len(groups) != parts + 1:
        raise InputError("the baseline's files do not fit each other: their lengths differ")
    return Sums(totals, products, groups[:-1], int(groups[-1]))


def _read_contributions(folder: Path, model: str, parts: int) -> Contributions:
    features = read_array(folder, "contribution-features", np.int64)
    values = read_array(folder, "contribution-values", np.float64)
    places = read_array(folder, "contribution-places", np.int32)
    starts = read_array(folder, "contribution-starts", np.int64)
    of_row = read_array(folder, "contribution-groups", np.int64)
    members = read_array(folder, "contribution-parts", np.bool_, (len(of_row), parts))
    matrix: sparse.csr_matrix = sparse.csr_matrix((values, places, starts), (len(starts) - 1, len(features)))
    matrix.check_format(full_check=True)
    if len(of_row) != matrix.shape[0] or not np.isfinite(values).all():
        raise InputError("the baseline's files do not fit each other: their lengths differ")
    return Contributions(model, features, matrix, Groups(of_row, int(of_row.max(initial=-1)) + 1), members)
