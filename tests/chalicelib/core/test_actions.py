"""Actions as people read them, and what they hold to themselves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.actions import Publish, PutMetrics


@given(st.text(), st.text(max_size=300))
def test_notices_fit_sns(subject: str, message: str) -> None:
    """Whatever is told has a subject of less than 100 printable ASCII characters, no blank first, and a message."""
    notice = Publish(subject, message)
    assert 0 < len(notice.subject) < 100
    assert notice.subject.isascii()
    assert notice.subject.isprintable()
    assert not notice.subject.startswith(" ")
    assert notice.message.strip()


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("reviews drifts", "reviews drifts"),
        ("reviews:\n  drift, süß\t", "reviews: drift, s"),
        ("word " * 40, ("word " * 20)[:-1]),
        ("", "Freshet"),
        ("\n☂", "Freshet"),
    ],
)
def test_subjects(subject: str, expected: str) -> None:
    """What SNS would refuse in a subject is a blank, or cut."""
    assert Publish(subject, "m").subject == expected


@pytest.mark.parametrize(
    ("message", "expected"),
    [("all is said\n", "all is said"), ("é" * 200_000, "é" * 131_072), (" ", "s"), ("\ud800 x", "? x")],
)
def test_messages(message: str, expected: str) -> None:
    """A message is at most 256 KiB of UTF-8, cut between characters; an empty one says what the subject says."""
    assert Publish("s", message).message == expected


def test_read_by_people() -> None:
    """A decision's list of actions names figures and the notice's subject."""
    assert str(PutMetrics({"Drift": 1.0, "PValue": 0.000123456789}, "2026-11-12T03:20:00+00:00")) == (
        "put metrics Drift 1, PValue 0.000123457"
    )
    assert str(Publish("reviews drifts", "much more")) == "publish 'reviews drifts'"
