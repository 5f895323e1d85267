"""Hyperparameters: strings, as SageMaker passes them, read strictly into a learner's frozen dataclass.

Each field of the dataclass has a default and, in its metadata, the range it must lie in; an unknown name is refused,
so a misspelt one cannot be ignored silently.
"""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any, TypeVar

from training.errors import HyperparameterError

H = TypeVar("H")
RESERVED = "sagemaker_"  # what SageMaker's own tools add for themselves


def number(default: float, low: float, high: float) -> Any:  # noqa: ANN401 - stands for a field of int or float
    """Return a dataclass field that must lie in [low, high]; it is whole if the default is."""
    return dataclasses.field(default=default, metadata={"low": low, "high": high, "type": type(default)})


def parse(kind: type[H], strings: Mapping[str, str]) -> H:
    """Return the dataclass ``kind`` with the values of ``strings``, defaults for the rest.

    Raises
    ------
    HyperparameterError
        If a name is unknown, or a value no number or out of its range.
    """
    fields = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type] # H is a dataclass
    values = {}
    for name, string in strings.items():
        if name.startswith(RESERVED):
            continue
        if name not in fields:
            raise HyperparameterError(f"hyperparameter {name!r} is unknown; there are {', '.join(sorted(fields))}")
        values[name] = _number(name, string, **fields[name].metadata)
    return kind(**values)


def _number(name: str, string: str, *, low: float, high: float, type: type[int] | type[float]) -> float:  # noqa: A002 - metadata's word
    try:
        value = type(string)
    except (ValueError, TypeError) as error:
        raise HyperparameterError(f"hyperparameter {name!r} must be a number of type {type.__name__}") from error
    if not (math.isfinite(value) and low <= value <= high):
        raise HyperparameterError(f"hyperparameter {name!r} must lie between {low} and {high}")
    return value
