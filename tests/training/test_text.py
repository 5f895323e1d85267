import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.text import normalize, tokenize

ANY = st.text(st.characters(exclude_categories=()))  # lone surrogates and control characters too
QUOTES = str.maketrans(
    dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u02bc`\u00b4\uff07", "'")
    | dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb\uff02", '"')
    | dict.fromkeys("\u00ad\u200b\u200c\u200d\u2060\ufeff\u180e")
)


def defined(text: str) -> list[str]:
    """Return the tokens of a text without tags and entities as they are defined: folded as a whole, then found."""
    text = unicodedata.normalize("NFKD", text.translate(QUOTES)).casefold()
    text = re.sub("[\u0300-\u036f]", "", unicodedata.normalize("NFKD", text).casefold())
    return re.findall(r"[^\W_]+(?:'[^\W_]+)*|[!?.,:;()\"/*]", unicodedata.normalize("NFC", text))


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Good<br />film", ["good", "film"]),
        ("&lt;br /&gt;It&#39;s Tom &amp; Jerry", ["it's", "tom", "jerry"]),
        ("a < b, I <3 it", ["a", "b", ",", "i", "3", "it"]),
        ("It\u2019s `fine\u00b4 \u201cso\u201d", ["it's", "fine", '"', "so", '"']),
        ("CLICH\u00c9 na\u00efve stra\u00dfe \u0130", ["cliche", "naive", "strasse", "i"]),
        ("\uff27\uff4f\uff4f\uff44\uff01 \u2460 \ufb01lm", ["good", "!", "1", "film"]),
        ("go\u200bod so\u00adso \ufeffyes", ["good", "soso", "yes"]),
        ("bad\ud800film\x00end", ["bad", "film", "end"]),
        ("8/10, snake_case...", ["8", "/", "10", ",", "snake", "case", ".", ".", "."]),
        ("\u304c\u3093", ["\u304c\u3093"]),
        ("", []),
        (" \t\n<p>", []),
    ],
)
def test_text_becomes_these_tokens(text: str, tokens: list[str]) -> None:
    """HTML, case, accents, quotes, invisible and broken characters are treated as the module says."""
    assert tokenize(text) == tokens


@given(ANY | st.text(st.sampled_from("aZ0_' `\u2019'.\"-\u00e9\u0301\u1fef\u03a3\x1c")))
def test_tokens_are_what_is_defined(text: str) -> None:
    """However tokens are found, they are those of the whole text, folded and searched by the expression."""
    text = text.translate({ord("<"): " ", ord("&"): " "})
    assert tokenize(text) == defined(text)


def test_every_character_between_others_is_as_defined() -> None:
    """Each character of Unicode, after a letter and before one, gives the tokens that are defined."""
    for first in range(0, 0x110000, 0x1000):
        text = " ".join(f"'e{chr(code)}E{chr(code)}'" for code in range(first, first + 0x1000) if chr(code) not in "<&")
        assert tokenize(text) == defined(text)


@given(ANY)
def test_normalizing_twice_changes_nothing(text: str) -> None:
    """Any string at all has a normal form, and it is its own."""
    assert normalize(normalize(text)) == normalize(text)


@given(st.lists(st.sampled_from(["<", ">", "br", "/", "&", "lt;", "amp;", "#39;", "a", " "])).map("".join))
def test_broken_html_has_a_normal_form_too(text: str) -> None:
    """Halves of tags and entities, in any order, are no way around it."""
    assert normalize(normalize(text)) == normalize(text)


@given(st.text(st.sampled_from("aZ \u00e9\u00c9\u00df!")))
def test_case_never_matters(text: str) -> None:
    """Upper and lower case of a text are the same text."""
    assert normalize(text.upper()) == normalize(text) == normalize(text.lower())
