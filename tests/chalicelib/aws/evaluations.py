"""Evaluation documents as the evaluate job writes them, for a good challenger."""

from collections.abc import Sequence
from typing import Any


def evaluation(roles: Sequence[str]) -> dict[str, Any]:
    """Return the document of a challenger that is good enough beside the models of these roles."""
    return {"version": 0.0, "comparison": {role: {} for role in roles}}
