"""PROMOTE, REJECT or HOLD."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from chalicelib.core.spec import PipelineSpec


@dataclass(frozen=True)
class Verdict:
    """The gate's word on a challenger."""

    decision: Literal["PROMOTE", "REJECT", "HOLD"]
    reasons: tuple[str, ...]
    evidence: Mapping[str, Any] = field(default_factory=dict)
    anchor_better: bool = True


def judge(spec: PipelineSpec, evaluation: Mapping[str, Any] | None, *, champion: bool, anchor: bool) -> Verdict:  # noqa: ARG001
    """Judge a challenger."""
    if evaluation is None:
        return Verdict("HOLD", ("there is no evaluation",))
    return Verdict("PROMOTE", ("evaluated",))
