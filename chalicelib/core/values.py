"""What a column can hold, the same on every way in: a file's row, a caller's instance, a prepared line.

Text and categories are strings, numbers are floats that fit into 32 bits (models compute in those: a larger one would
be infinite to them), and a value that is missing is None. Both sides read numbers here, so that a price in a file and
the same price in a request cannot differ.
"""

import re

Value = str | float | None

MAX_NUMBER = 3.4028234663852886e38  # the largest float of 32 bits
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,4})?")
_MAX_DIGITS = 400  # characters; more say nothing that a float could hold


def to_number(value: object) -> float | None:
    """Return a JSON number, or a string that is written like one, as a float; None if it is none or too large.

    >>> to_number(" -1.5e3 "), to_number(7), to_number("1,5"), to_number("nan"), to_number(True)
    (-1500.0, 7.0, None, None, None)
    """
    if isinstance(value, str):
        value = value.strip()
        if len(value) > _MAX_DIGITS or not _NUMBER.fullmatch(value):
            return None
    elif isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:  # a whole number beyond all floats
        return None
    # Also false for NaN. Adding zero makes -0.0 the 0.0 that it equals: equal rows must have equal digests.
    return number + 0.0 if abs(number) <= MAX_NUMBER else None
