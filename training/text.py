"""How text becomes tokens: the one function that training, real time and batch share.

HTML tags and entities go, case and accents are folded, typographic quotes become plain ones, invisible characters
vanish. A token is a word (letters and digits, inner apostrophes kept) or one mark of punctuation that carries opinion.

Most text is ASCII, or is so once it is folded; there a few passes of `str`'s own find the tokens in half the time that
the expression takes which says what they are.

The prices: accents are folded in every language ("résumé" is "resume"), scripts that write no spaces become one
long token, and what a token is is said twice; a test holds that both are the same.

>>> tokenize("It&rsquo;s a <b>CLICHÉ</b>!<br />8/10")
["it's", 'a', 'cliche', '!', '8', '/', '10']
"""

import html
import re
import string
import unicodedata

# A tag is a name after "<"; "<3" and "a < b" are no tags. The bound keeps hostile input linear.
_TAG = re.compile(r"<[/!?]?[A-Za-z][^<>]{0,500}>")
_MARKS = '!?.,:;()"/*'
_TOKEN = re.compile(rf"[^\W_]+(?:'[^\W_]+)*|[{_MARKS}]")
_BLANKS = {code: " " for code in range(128) if chr(code) not in f"{string.ascii_letters}{string.digits}'{_MARKS}"}
_FOREIGN = re.compile(r"([^\x00-\x7f]+)")
_ACCENTS = re.compile(r"[\u0300-\u036f]+")  # combining marks of alphabets; other scripts' marks are letters' parts
_PLAIN = str.maketrans(
    dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u02bc\u00b4\uff07", "'")
    | dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb\uff02", '"')
    | dict.fromkeys("\u00ad\u200b\u200c\u200d\u2060\ufeff\u180e")  # invisible: soft hyphen, zero-width, byte order mark
)


def tokenize(text: str) -> list[str]:
    """Return the tokens of any string, also one with lone surrogates or control characters; it never raises."""
    text = _TAG.sub(" ", text)
    if "&" in text:
        text = _TAG.sub(" ", html.unescape(text))
    text = text.lower().replace("`", "'") if text.isascii() else _fold(text)
    return _split(text) if text.isascii() else _TOKEN.findall(text)


def normalize(text: str) -> str:
    """Return the tokens joined by spaces: two texts with the same normal form are the same to every model.

    Normalising twice changes nothing.
    """
    return " ".join(tokenize(text))


def _split(text: str) -> list[str]:
    """Return the tokens of ASCII text in lower case, as `_TOKEN` finds them."""
    text = text.translate(_BLANKS)
    for mark in _MARKS:
        if mark in text:
            text = text.replace(mark, f" {mark} ")
    if "'" in text:  # only one that stands alone between letters or digits is inside a word
        text = f" {text} ".replace("''", "  ").replace(" '", " ").replace("' ", " ")
    return text.split()


def _fold(text: str) -> str:
    """Fold case, compatibility forms and accents.

    Unicode's NFKC_Casefold (Standard, D147) with the accents taken out between decomposition and composition. That is
    costly, and ASCII has only case to fold; nothing but accents composes with it, so what lies between is folded alone.
    """
    parts = _FOREIGN.split(text)
    parts[::2] = [part.lower().replace("`", "'") for part in parts[::2]]
    parts[1::2] = map(_fold_foreign, parts[1::2])
    return "".join(parts)


def _fold_foreign(text: str) -> str:
    text = unicodedata.normalize("NFKD", text.translate(_PLAIN)).casefold()
    text = _ACCENTS.sub("", unicodedata.normalize("NFKD", text).casefold())
    return unicodedata.normalize("NFC", text)
