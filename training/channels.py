"""Reads what the control plane and the steps before left in a job's input folders, and writes JSON in one way."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from chalicelib.core import container
from chalicelib.core.spec import PipelineSpec
from training.errors import InputError
from training.rows import Row


@dataclass(frozen=True)
class LabelledRow:
    """A row that `prepare` wrote, with its id."""

    id: str
    row: Row


def read_spec(folder: Path) -> PipelineSpec:
    """Return the pipeline's spec from its channel.

    Raises
    ------
    InputError
        If the file is missing or no JSON object.
    InvalidSpecError
        If it is no spec.
    """
    return PipelineSpec.from_dict(read_object(folder / container.SPEC_FILE))


def read_object(path: Path) -> dict[str, Any]:
    """Return a file's JSON object.

    Raises
    ------
    InputError
        If the file is missing, or holds anything else.
    """
    try:
        value = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise InputError(f"{path.name} is missing") from error
    except ValueError as error:
        raise InputError(f"{path.name} is not JSON") from error
    if not isinstance(value, dict):
        raise InputError(f"{path.name} must hold a JSON object")
    return value


def read_json_lines(path: Path) -> Iterator[dict[str, Any]]:
    """Yield a file's JSON objects; blank lines are skipped.

    Raises
    ------
    InputError
        If the file is missing, or a line is no JSON object; the message has the file's name and the line.
    """
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                if not line.strip():
                    continue
                value = json.loads(line)
                if not isinstance(value, dict):
                    raise InputError(f"{path.name}: line {number} is not a JSON object")
                yield value
    except FileNotFoundError as error:
        raise InputError(f"{path.name} is missing") from error
    except ValueError as error:
        raise InputError(f"{path.name}: line {number} is not JSON") from error


def read_rows(folder: Path, spec: PipelineSpec) -> list[LabelledRow]:
    """Return the labelled rows of a channel.

    Raises
    ------
    InputError
        If the file is missing or not as `prepare` writes it.
    """
    rows = []
    for value in read_json_lines(folder / container.ROWS_FILE):
        try:
            columns = {column.name: value[column.name] for column in spec.columns}
            rows.append(LabelledRow(str(value["id"]), Row(columns, value[spec.target], value["group"])))
        except KeyError as error:
            raise InputError(f"{container.ROWS_FILE}: a row lacks {error}") from error
    return rows


def to_line(value: Mapping[str, object]) -> bytes:
    """Return one JSON Lines line; ASCII only, so that any string survives the journey."""
    return json.dumps(value, separators=(",", ":")).encode("ascii") + b"\n"


def write_object(path: Path, value: Mapping[str, object]) -> None:
    """Write a JSON object for machines and people."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(json.dumps(value, indent=1, sort_keys=True, allow_nan=False).encode("ascii") + b"\n")


def write_array(path: Path, values: npt.NDArray[np.uint64]) -> None:
    """Write an array as `.npy`; the folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, values, allow_pickle=False)


def read_array(path: Path) -> npt.NDArray[np.uint64]:
    """Return what `write_array` wrote.

    Raises
    ------
    InputError
        If the file is missing or holds anything else.
    """
    try:
        values: npt.NDArray[np.uint64] = np.load(path, allow_pickle=False)
    except FileNotFoundError as error:
        raise InputError(f"{path.name} is missing") from error
    except (ValueError, EOFError) as error:
        raise InputError(f"{path.name} is not a plain array") from error
    if values.dtype != np.uint64 or values.ndim != 1:
        raise InputError(f"{path.name} must be a list of digests of 64 bits")
    return values
