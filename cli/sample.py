"""Invented film reviews with labels, for the demo: nobody wrote them, so they can be shown to anybody.

A review is a handful of sentences from a small grammar. What makes it less than trivial is what makes real ones so:
most reviews also grant the other side a point, some opinions deny their opposite, some sentences say nothing, hands
slip on the keyboard, and a few labels are wrong. So no model can always be right. The same seed gives the same file.
"""

import csv
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

FILMS = 100
COLUMNS = ("text", "label", "title")
_LABELS = ("negative", "positive")
_OTHER_SIDE = 0.11  # of the sentences of a review, how many speak against its label
_NEUTRAL = 0.2  # and how many say nothing
_NEGATED = 0.12  # of the opinions, how many are said by denying the opposite
_WRONG = 0.04  # of the labels
_VERDICT = 0.35  # of the reviews, how many end in one
_SLIPS = 0.015  # of the words

_ASPECTS = (
    "the plot", "the acting", "the camera work", "the music", "the dialogue", "the ending", "the first hour",
    "the cast", "the pacing", "the humour", "the villain", "the lead", "the script", "the editing", "the mood",
    "the last act", "the romance", "the direction", "the setting", "the opening scene",
)  # fmt: skip
_PRAISE = (
    "wonderful", "moving", "clever", "gripping", "charming", "superb", "fresh", "warm", "brilliant", "touching",
    "sharp", "delightful", "convincing", "beautiful", "thrilling", "honest", "elegant", "hilarious", "rich",
    "memorable",
)  # fmt: skip
_BLAME = (
    "dull", "clumsy", "boring", "awful", "tedious", "lazy", "flat", "annoying", "predictable", "shallow", "messy",
    "bland", "painful", "pointless", "forced", "stale", "weak", "terrible", "silly", "lifeless",
)  # fmt: skip
_DEGREES = ("really ", "quite ", "very ", "simply ", "surprisingly ", "rather ", "", "", "", "")
_OPINIONS = (
    "{aspect} is {degree}{word}", "{aspect} was {degree}{word}", "I found {aspect} {degree}{word}",
    "{aspect} felt {degree}{word}", "what a {word} film", "{aspect} turned out {degree}{word}",
    "{aspect} is {degree}{word} from start to finish", "to me {aspect} seemed {degree}{word}",
)  # fmt: skip
_DENIALS = (
    "{aspect} is not {word} at all", "{aspect} was never {word}", "nothing about {aspect} is {word}",
    "I cannot call {aspect} {word}", "{aspect} is anything but {word}",
)  # fmt: skip
_VERDICTS: Mapping[str, Sequence[str]] = {
    "positive": (
        "I would gladly see it again", "go and see it", "worth every minute", "I left the cinema smiling",
        "one of my favourites this year", "I did not want it to end", "nine out of ten from me",
        "better than I dared to hope",
    ),
    "negative": (
        "I want those two hours back", "do not bother", "I looked at my watch all the time", "we left before the end",
        "save your money", "I expected much more", "three out of ten from me", "worse than I had feared",
    ),
}  # fmt: skip
_FILLERS = (
    "I saw it on a rainy Sunday", "it runs for about two hours", "my sister chose it", "the cinema was half empty",
    "it is set in a small town by the sea", "I had read the book before", "there is a sequel planned",
    "it was shown with subtitles", "the poster says little about it", "a friend had told me about it",
    "it begins at a railway station", "most of it happens at night", "I watched it twice for this review",
)  # fmt: skip
_TURNS = ("but ", "still, ", "yet ", "on the other hand, ", "then again, ", "", "")
_ENDS = (".", ".", ".", ".", "!", "...", "!!", ". <br />")


@dataclass(frozen=True)
class Review:
    """One row of the sample."""

    text: str
    label: str
    title: str


def reviews(rows: int, seed: int) -> Iterator[Review]:
    """Give reviews with as many positive as negative labels (one more of one if ``rows`` is odd), no text twice."""
    chance = random.Random(seed)  # noqa: S311 - a sample, no secret
    tones = [_LABELS[index % 2] for index in range(rows)]
    chance.shuffle(tones)
    wrong = _wrong(tones, chance)
    seen: set[str] = set()
    for index, tone in enumerate(tones):
        text = _text(tone, chance)
        while text in seen:
            text = _text(tone, chance)
        seen.add(text)
        label = _LABELS[tone == "negative"] if index in wrong else tone
        yield Review(text, label, f"film-{chance.randrange(FILMS) + 1:03d}")


def write(path: Path, rows: int, seed: int) -> None:
    """Write the sample as a CSV file that the pipeline `reviews` takes."""
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(COLUMNS)
        table.writerows((review.text, review.label, review.title) for review in reviews(rows, seed))


def _wrong(tones: Sequence[str], chance: random.Random) -> frozenset[int]:
    """Choose whose labels are wrong: as many of each, so that the sample stays balanced."""
    each = round(len(tones) * _WRONG / 2)
    return frozenset(
        index
        for label in _LABELS
        for index in chance.sample([index for index, tone in enumerate(tones) if tone == label], each)
    )


def _text(tone: str, chance: random.Random) -> str:
    sentences = [_sentence(tone, chance) for _ in range(chance.randint(4, 8))]
    if chance.random() < _VERDICT:
        sentences.append(chance.choice(_VERDICTS[tone]))
    whole = " ".join(_finish(sentence, chance) for sentence in sentences)
    return " ".join(_slip(word, chance) for word in whole.split(" "))


def _sentence(tone: str, chance: random.Random) -> str:
    kind = chance.random()
    if kind < _NEUTRAL:
        return chance.choice(_FILLERS)
    other_side = kind < _NEUTRAL + _OTHER_SIDE
    good = (tone == "positive") != other_side
    denied = chance.random() < _NEGATED
    word = chance.choice(_PRAISE if good != denied else _BLAME)
    form = chance.choice(_DENIALS if denied else _OPINIONS)
    turn = chance.choice(_TURNS) if other_side else ""
    return turn + form.format(aspect=chance.choice(_ASPECTS), degree=chance.choice(_DEGREES), word=word)


def _finish(sentence: str, chance: random.Random) -> str:
    return sentence[0].upper() + sentence[1:] + chance.choice(_ENDS)


def _slip(word: str, chance: random.Random) -> str:
    """Sometimes lose a letter, as fingers do."""
    if len(word) < 5 or chance.random() >= _SLIPS:  # noqa: PLR2004 - short words stay readable
        return word
    place = chance.randrange(1, len(word) - 1)
    return word[:place] + word[place + 1 :]
