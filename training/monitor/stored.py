"""A baseline as files, none of which can hold code: JSON for names, plain arrays (`.npy`) for numbers.

`baseline.json` is ``{"layout": 3, "numbers": [...], "categories": [[column, [...]], ...], "words": [[column, [...]],
...]}``, in the order in which the features lie, and ``quality``, where it is known, what the model's answers to these
rows were worth (see `model_quality`). The
``n``-th of the numbers and then of the categories has its rows by cell, and last how many are missing, in
``counts-n.npy``; a number its edges in ``edges-n.npy``; the ``n``-th of the texts its words' logarithms in
``logs-n.npy``. The rows are one matrix of ones: row ``i`` has the features ``features[starts[i]:starts[i + 1]]`` and
the group ``groups[i]``. No text, number, label or group's name is among them; words of few rows are, as numbers only
where they are not common.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import sparse

from chalicelib.core import container
from training.channels import read_object, write_object
from training.errors import InputError
from training.monitor.arrays import read_array
from training.monitor.baseline import Baseline, Cells
from training.monitor.documents import Vocabulary
from training.monitor.edges import Counts, Ints
from training.monitor.null import Null
from training.resampling import Groups

LAYOUT = 3


def write(folder: Path, baseline: Baseline) -> None:
    """Write a baseline into a folder, which is made."""
    cells, rows = baseline.cells, baseline.null.features
    write_object(
        folder / container.BASELINE_FILE,
        {
            "layout": LAYOUT,
            "numbers": list(cells.edges),
            "categories": [[name, list(known)] for name, known in cells.categories.items()],
            "words": [[name, list(vocabulary.words)] for name, vocabulary in cells.vocabularies.items()],
        }
        | ({} if baseline.quality is None else {"quality": baseline.quality}),
    )
    arrays: dict[str, npt.NDArray[np.generic]] = {
        "features": rows.indices.astype(np.int32),
        "starts": rows.indptr.astype(np.int64),
        "groups": baseline.null.groups.of_row,
    }
    for place, edges in enumerate(cells.edges.values()):
        arrays[f"edges-{place}"] = edges
    for place, name in enumerate([*cells.edges, *cells.categories]):
        arrays[f"counts-{place}"] = np.append(baseline.counts[name].cells, baseline.counts[name].missing)
    for place, vocabulary in enumerate(cells.vocabularies.values()):
        arrays[f"logs-{place}"] = vocabulary.logs
    for name, values in arrays.items():
        np.save(folder / f"{name}.npy", values, allow_pickle=False)


def read(folder: Path) -> Baseline:
    """Read what `write` wrote.

    Raises
    ------
    InputError
        If a file is missing, or does not fit the others.
    """
    names = read_object(folder / container.BASELINE_FILE)
    if names.get("layout") != LAYOUT:
        raise InputError(f"{container.BASELINE_FILE} is not of layout {LAYOUT}: make the baseline anew")
    quality = names.get("quality")
    if not (quality is None or isinstance(quality, dict)):
        raise InputError(f"the quality in {container.BASELINE_FILE} is not an object")
    try:
        cells = Cells(
            {name: read_array(folder, f"edges-{place}", np.float64) for place, name in enumerate(names["numbers"])},
            dict(names["categories"]),
            {
                name: Vocabulary(words, read_array(folder, f"logs-{place}", np.float64))
                for place, (name, words) in enumerate(names["words"])
            },
        )
        counts = {
            name: _counts(read_array(folder, f"counts-{place}", np.int64))
            for place, name in enumerate([*cells.edges, *cells.categories])
        }
        width = cells.blocks[-1].last
        indices, starts = read_array(folder, "features", np.int32), read_array(folder, "starts", np.int64)
        ones = np.ones(len(indices), np.float32)
        features: sparse.csr_matrix = sparse.csr_matrix((ones, indices, starts), (len(starts) - 1, width))
        features.check_format(full_check=True)
        of_row = read_array(folder, "groups", np.int64)
        groups = Groups(of_row, int(of_row.max(initial=-1)) + 1)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise InputError(f"the baseline's files do not fit each other: {type(error).__name__}") from error
    if len(of_row) != features.shape[0] or any(
        len(counts[name].cells) != len(cells.edges[name]) + 1 for name in cells.edges
    ):
        raise InputError("the baseline's files do not fit each other: their lengths differ")
    return Baseline(cells, counts, Null(features, groups), quality)


def _counts(values: Ints) -> Counts:
    return Counts(values[:-1], int(values[-1]))
