"""Feedback: labels that callers give later, each taken once, for what we answered and nothing else.

A label is two writes: a row of the ledger that claims the instance, then the line of ground truth. Whatever ends us in
between, the caller's repeat of the same label meets its own claim and finishes the second. Another label for the same
instance is refused. All of a request is checked before any of it is written; if one of its labels is refused because of
an earlier one, those before it are kept, and a repeat without it is safe.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.core.bodies import Body
from chalicelib.core.errors import LabelTakenError, LimitReachedError, UnfitLabelError
from chalicelib.core.feedback import Feedback, Label, fit, parse_feedback
from chalicelib.core.inference import recognise
from chalicelib.core.spec import PipelineSpec
from chalicelib.services.ports import Keys, Labels


@dataclass(frozen=True)
class Receipt:
    """How many labels of a request are kept now: new ones, and those that were kept before."""

    taken: int
    repeated: int


@dataclass(frozen=True)
class FeedbackDesk:
    """Takes labels in."""

    specs: Mapping[str, PipelineSpec]
    keys: Keys
    labels: Labels
    per_hour: int  # labels of one caller

    def take(self, caller: str, body: Body, now: datetime) -> Receipt:
        """Keep the labels of one request.

        Raises
        ------
        InvalidRequestError
            If the request cannot be read, a label does not fit or is another's already, or the caller's hour is full.
        """
        key = self.keys.inference_key()
        labels = [self._label(key, caller, feedback, now) for feedback in parse_feedback(body)]
        hour = now.replace(minute=0, second=0, microsecond=0)
        if not self.labels.admit(caller, len(labels), self.per_hour, hour):
            left = int((hour + timedelta(hours=1) - now).total_seconds()) + 1
            raise LimitReachedError(f"{self.per_hour} labels an hour are taken from one caller", left)
        taken = sum(self._keep(label) for label in labels)
        return Receipt(taken, len(labels) - taken)

    def _label(self, key: bytes, caller: str, feedback: Feedback, now: datetime) -> Label:
        known = recognise(key, self.specs, feedback.inference_id)
        if known is None:
            raise UnfitLabelError("the inference id is none that this application gave")
        value = fit(self.specs[known.pipeline], known, feedback)
        return Label(known.pipeline, known.inference_id, feedback.index, value, caller, now)

    def _keep(self, label: Label) -> bool:
        """Keep a label; say whether it is new."""
        held = self.labels.claim(label)
        if held.value != label.value:
            raise LabelTakenError(f"instance {label.index} of {label.inference_id} has another label already")
        self.labels.store(held)
        return held == label
