"""Questions about a picture that its prompt answers, by a fixed grammar: what is to be there, how many, of which colour, and what not.

As TIFA (Hu et al. 2023, arXiv 2303.11897) asks, without a language model: equal prompts have equal questions on every machine, for ever.
The grammar reads phrases: "[a photo of] [the | a | two] [red] thing [with | without | and | on | ...] ...". What it cannot read it leaves
out rather than asks wrongly; a set whose prompts say more brings its questions along (``question_file``).
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

VERSION = 1
"""Of the grammar: another one makes other questions, and its evidence is another measurement."""
LONGEST = 4
"""Words of a thing, its attribute left out; a longer phrase is a clause, which this grammar does not read."""
ATTRIBUTES = frozenset(
    {
        *(
            "red",
            "orange",
            "yellow",
            "green",
            "blue",
            "purple",
            "violet",
            "pink",
            "brown",
            "black",
            "white",
            "grey",
            "gray",
        ),
        *("golden", "silver", "wooden", "metal", "glass", "stone", "plastic"),
    }
)
NUMBERS = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
ARTICLES = frozenset(["a", "an", "the", "some", "one", "his", "her", "its", "their"])
STYLE = re.compile(
    r"^(?:an?|the)?\s*(?:\w+\s+)?(?:photo|photograph|picture|image|painting|drawing|portrait|headshot)\s+of\s+",
    re.IGNORECASE,
)
_BETWEEN = (
    *(
        "in front of",
        "on top of",
        "next to",
        "without",
        "and",
        "with",
        "on",
        "in",
        "at",
        "near",
        "beside",
        "behind",
        "under",
    ),
    *("over", "above", "below", "wearing", "holding"),
)
"""Words that stand between phrases, longer ones first where one begins another."""
_SPLIT = re.compile(rf"\s*[,;.:!?()]\s*|\s+({'|'.join(_BETWEEN)})\s+", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_][\w'-]*")


class Question(NamedTuple):
    """One thing that a picture can be asked, whose answer the prompt gives."""

    text: str
    """A question in words."""
    object: str = ""
    """The thing that it is about, where it asks whether it is there."""
    expected: bool = True
    """Whether the right answer is yes."""
    whole: bool = False
    """Whether the text is the prompt itself."""

    @property
    def label(self) -> str:
        """What the evidence calls it."""
        return self.text if self.expected else f"not: {self.text}"


def questions_of(prompt: str) -> tuple[Question, ...]:
    """The prompt's questions in the order of its words, each once; none where the grammar reads nothing."""
    found: dict[str, Question] = {}
    for phrase, absent in _phrases(STYLE.sub("", prompt.strip())):
        for question in _ask(phrase, absent):
            found.setdefault(question.text, question)
    return tuple(found.values())


def named_questions(prompt: str, objects: Sequence[str]) -> tuple[Question, ...]:
    """A question for each of ``objects`` that the prompt names as a whole word, in their order in it; for a model that knows these alone.

    What stands behind "without" is asked as what must not be there.
    """
    known = {name.casefold(): name for name in objects}
    found: dict[str, Question] = {}
    for phrase, absent in _phrases(prompt):
        for word in _WORD.findall(phrase.casefold()):
            if word in known:
                question = _there(known[word], absent)
                found.setdefault(question.text, question)
    return tuple(found.values())


def _phrases(prompt: str) -> Iterator[tuple[str, bool]]:
    """What stands between the grammar's separators, and whether "without" stands before it."""
    absent = False
    for part in _split(prompt):
        if part.casefold() == "without":
            absent = True
        elif part:
            yield part, absent
            absent = False


def _split(prompt: str) -> Iterator[str]:
    start = 0
    for match in _SPLIT.finditer(prompt):
        yield prompt[start : match.start()]
        if (match[1] or "").casefold() == "without":
            yield "without"
        start = match.end()
    yield prompt[start:]


def _ask(phrase: str, absent: bool) -> Iterator[Question]:
    words = phrase.split()
    if not words or not all(_WORD.fullmatch(word) for word in words):
        return
    count = next((word for word in words[:1] if word.casefold() in NUMBERS), None)
    article = words[0].casefold() in ARTICLES
    if count or article:
        words = words[1:]
    attribute = words[0] if words and words[0].casefold() in ATTRIBUTES else None
    thing = " ".join(words[1:] if attribute else words)
    if not thing or len(thing.split()) > LONGEST:
        return
    yield _there(thing, absent, bare=not article)
    if absent:
        return
    if count:
        yield Question(f"Are there exactly {count} {thing} in this picture?")
    if attribute:
        yield Question(f"{'Are' if count else 'Is'} the {thing} in this picture {attribute}?")


def _there(thing: str, absent: bool, bare: bool = False) -> Question:
    """``bare``: several of them, or a thing that is not counted."""
    article = "an" if thing[0].casefold() in "aeiou" else "a"
    text = f"Does this picture show {thing}?" if bare else f"Is there {article} {thing} in this picture?"
    return Question(text, thing, expected=not absent)
