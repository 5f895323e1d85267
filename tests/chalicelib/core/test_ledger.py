"""The ledger's rows as JSON."""

import json
from dataclasses import asdict

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.ledger import Decision, Head, RunRow


@given(st.builds(Head))
def test_head_round_trip(head: Head) -> None:
    """A head is read back as it was written."""
    assert Head.from_dict(json.loads(json.dumps(head.to_dict()))) == head


@given(st.builds(RunRow, verdict=st.none() | st.just({"decision": "HOLD", "reasons": ["few rows"]})))
def test_run_round_trip(row: RunRow) -> None:
    """A run's row is read back as it was written."""
    assert RunRow.from_dict(json.loads(json.dumps(asdict(row)))) == row


@given(st.builds(Decision, evidence=st.just({"rows": 3})))
def test_decision_round_trip(decision: Decision) -> None:
    """A decision is read back as it was written."""
    assert Decision.from_dict(json.loads(json.dumps(asdict(decision)))) == decision
