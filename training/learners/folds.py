"""Cuts training rows into folds for out-of-fold margins: by group where groups allow, else row by row."""

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from training.channels import LabelledRow
from training.errors import RefusedDataError


def assign(rows: Sequence[LabelledRow], positive: npt.NDArray[np.bool_], count: int) -> npt.NDArray[np.int64]:
    """Return each row's fold, shape (rows,); every fold's rest holds both labels.

    Raises
    ------
    RefusedDataError
        If a label has fewer than two rows, so that holding one out would leave none.
    """
    for label in (False, True):
        if np.count_nonzero(positive == label) < 2:  # noqa: PLR2004 - one to hold out, one to learn from
            raise RefusedDataError("each label needs at least two training rows")
    # A row without a group is a group of its own.
    by_group = _deal([row.row.group if row.row.group is not None else row.id for row in rows], count)
    if _usable(by_group, positive):
        return by_group
    by_row = np.zeros(len(rows), np.int64)
    for label in (False, True):
        chosen = np.flatnonzero(positive == label)
        by_row[chosen] = _deal([rows[place].id for place in chosen.tolist()], count)
    return by_row


def _deal(keys: Sequence[str], count: int) -> npt.NDArray[np.int64]:
    """Deal the distinct keys out like cards, in the order of their hashes."""
    order = sorted(set(keys), key=lambda key: hashlib.sha256(key.encode(errors="surrogatepass")).digest())
    fold = {key: place % count for place, key in enumerate(order)}
    return np.array([fold[key] for key in keys], np.int64)


def _usable(folds: npt.NDArray[np.int64], positive: npt.NDArray[np.bool_]) -> bool:
    return all(len(set(positive[folds != fold].tolist())) == 2 for fold in np.unique(folds))  # noqa: PLR2004 - both labels
