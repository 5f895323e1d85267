"""Reads the plain arrays of a baseline, none of which can hold code."""

from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from training.errors import InputError

T = TypeVar("T", bound=np.generic)


def read_array(folder: Path, name: str, kind: type[T], shape: tuple[int, ...] | None = None) -> npt.NDArray[T]:
    """Return the array in a file: a list of numbers of this kind, or one of this shape.

    Raises
    ------
    InputError
        If the file is missing or holds anything else.
    """
    try:
        values: npt.NDArray[T] = np.load(folder / f"{name}.npy", allow_pickle=False)
    except FileNotFoundError as error:
        raise InputError(f"{name}.npy is missing in the baseline") from error
    except (ValueError, EOFError) as error:
        raise InputError(f"{name}.npy in the baseline is not a plain array") from error
    if values.dtype != kind or (values.ndim != 1 if shape is None else values.shape != shape):
        raise InputError(f"{name}.npy in the baseline is not {_described(kind, shape)}")
    return values


def _described(kind: type[np.generic], shape: tuple[int, ...] | None) -> str:
    return f"a list of {kind.__name__}" if shape is None else f"an array of {kind.__name__} of the shape {shape}"
