"""What is wrong with rows, in words."""

import json

import pytest

from chalicelib.core.findings import Finding


@pytest.mark.parametrize(
    ("finding", "words"),
    [
        (Finding("no", (3,)), "line 3: no"),
        (Finding("no", (3, 9), 2), "lines 3, 9: no"),
        (Finding("no", (3, 9), 1502), "lines 3, 9 and 1,500 more: no"),
    ],
)
def test_words(finding: Finding, words: str) -> None:
    """The first lines are named and the others counted, and it survives its trip as JSON."""
    assert str(finding) == words
    assert Finding.from_dict(json.loads(json.dumps(finding.to_dict()))) == finding
