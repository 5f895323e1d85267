"""Filter patterns of terms: which messages FilterLogEvents gives.

Plain terms and quoted phrases must all be contained, of terms after ``?`` one must be, those after ``-`` must not;
case counts. A term is found also inside a longer word (ours). Patterns of JSON (``{ $.a = "b" }``), of
space-delimited fields (``[a, b]``) and of regular expressions (``%a%``), and ``?`` together with other terms, of
which AWS ignores some, are refused by name.
Source: CloudWatch Logs User Guide, "Filter pattern syntax".
"""

import re
from collections.abc import Callable

from localcloud.logs.refusals import invalid, not_emulated

_TERM = re.compile(r'([?-]?)(?:"((?:[^"\\]|\\.)*)"|([^\s"]+))(?=\s|$)')
_OTHER_KINDS = {"{": "a filter pattern of JSON", "[": "a filter pattern of fields", "%": "a regular expression"}


def compile_filter(pattern: str) -> Callable[[str], bool]:
    """Make the test that a pattern is; an empty one accepts everything. Raises AwsError."""
    text = pattern.strip()
    if text[:1] in _OTHER_KINDS:
        raise not_emulated(_OTHER_KINDS[text[:1]])
    terms: dict[str, list[str]] = {"": [], "?": [], "-": []}
    place = 0
    while place < len(text):
        found = _TERM.match(text, place)
        if found is None:
            raise invalid("Invalid filter pattern")
        sign, phrase, word = found.groups()
        terms[sign].append(word if phrase is None else re.sub(r"\\(.)", r"\1", phrase))
        place = found.end() + len(text[found.end() :]) - len(text[found.end() :].lstrip())
    if terms["?"] and (terms[""] or terms["-"]):
        raise not_emulated("a filter pattern of ? terms and others")

    def accepts(message: str) -> bool:
        return (
            all(term in message for term in terms[""])
            and not any(term in message for term in terms["-"])
            and (not terms["?"] or any(term in message for term in terms["?"]))
        )

    return accepts
