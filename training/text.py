"""How text becomes tokens: the one function that training, real time and batch share.

HTML tags and entities go, case and accents are folded, typographic quotes become plain ones, invisible characters
vanish. A token is a word (letters and digits, inner apostrophes kept) or one mark of punctuation that carries opinion.
The price: accents are folded in every language ("résumé" is "resume"), and scripts that write no spaces become one
long token.

>>> tokenize("It&rsquo;s a <b>CLICHÉ</b>!<br />8/10")
["it's", 'a', 'cliche', '!', '8', '/', '10']
"""

import html
import re
import unicodedata

# A tag is a name after "<"; "<3" and "a < b" are no tags. The bound keeps hostile input linear.
_TAG = re.compile(r"<[/!?]?[A-Za-z][^<>]{0,500}>")
_TOKEN = re.compile(r"[^\W_]+(?:'[^\W_]+)*|[!?.,:;()\"/*]")
_ACCENTS = re.compile(r"[\u0300-\u036f]+")  # combining marks of alphabets; other scripts' marks are letters' parts
_PLAIN = str.maketrans(
    dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u02bc\u0060\u00b4\uff07", "'")
    | dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb\uff02", '"')
    | dict.fromkeys("\u00ad\u200b\u200c\u200d\u2060\ufeff\u180e")  # invisible: soft hyphen, zero-width, byte order mark
)


def tokenize(text: str) -> list[str]:
    """Return the tokens of any string, also one with lone surrogates or control characters; it never raises."""
    text = _TAG.sub(" ", text)
    if "&" in text:
        text = _TAG.sub(" ", html.unescape(text))
    return _TOKEN.findall(text.lower().replace("`", "'") if text.isascii() else _fold(text))


def normalize(text: str) -> str:
    """Return the tokens joined by spaces: two texts with the same normal form are the same to every model.

    Normalising twice changes nothing.
    """
    return " ".join(tokenize(text))


def _fold(text: str) -> str:
    """Fold case, compatibility forms and accents.

    Unicode's NFKC_Casefold (Standard, D147) with the accents taken out between decomposition and composition.
    """
    text = unicodedata.normalize("NFKD", text.translate(_PLAIN)).casefold()
    text = _ACCENTS.sub("", unicodedata.normalize("NFKD", text).casefold())
    return unicodedata.normalize("NFC", text)
