"""Tokens of prompts that a checkpoint's text encoders never see, counted with its tokenizers alone."""

from array import array
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import NamedTuple

from safesweep.models.checkpoint import ModelFolder, model_folder

A_BATCH = 1000
UNBOUNDED = 10**6
"""A tokenizer that states no length says some huge number."""


class TokensLost(NamedTuple):
    """What of some texts is cut."""

    texts: int
    """Those that are longer than an encoder takes."""
    of: int
    tokens: int
    """Cut of all of them together; of several encoders, the most."""
    most: int
    """Cut of one text."""
    length: int
    """Tokens that an encoder takes, marks included."""

    def sentence(self) -> str:
        """In one line; no text is shown."""
        return (
            f"{self.texts:,} of {self.of:,} prompts are longer than the {self.length} tokens that the text encoder takes: "
            f"{self.tokens:,} tokens are cut, {self.most} at most of one prompt"
        )


def tokens_lost(model: str, revision: str | None, texts: Iterable[str]) -> TokensLost:
    """Counts what of ``texts`` the text encoders of a model (folder or hub id) cut.

    Raises ``InputError`` for a model that is not on this machine.
    """
    folder = model_folder(model, revision)
    counters = [_counter(folder, part, kind) for part, kind in _tokenizers(folder)]
    lengths = [length for length, _ in counters if length < UNBOUNDED]
    total, cut, left = 0, array("q"), iter(texts)
    while batch := list(islice(left, A_BATCH)):
        total += len(batch)
        most = map(max, zip(*(lost(batch) for _, lost in counters), strict=True))
        cut.extend(lost for lost in most if lost)
    return TokensLost(len(cut), total, sum(cut), max(cut, default=0), min(lengths, default=0))


def _tokenizers(folder: ModelFolder) -> list[tuple[str, str]]:
    """(component, class) of each tokenizer that ``model_index.json`` names."""
    index = folder.read("model_index.json")
    return [
        (part, value[1])
        for part, value in index.items()
        if part.startswith("tokenizer") and isinstance(value, list) and value[0] == "transformers" and value[1]
    ]


def _counter(folder: ModelFolder, part: str, kind: str) -> tuple[int, Callable[[Sequence[str]], list[int]]]:
    """How many tokens an encoder takes, and what counts those that it cuts of texts."""
    import transformers

    tokenizer = getattr(transformers, kind).from_pretrained(str(folder.path / part), trust_remote_code=False)
    length = int(tokenizer.model_max_length)

    def lost(texts: Sequence[str]) -> list[int]:
        found = tokenizer(list(texts), truncation=False, verbose=False)
        return [max(0, len(ids) - length) for ids in found["input_ids"]]

    return length, lost


_WORD_MARKS = ("</w>", "▁", "Ġ")
"""By which byte-pair, unigram and byte-level tokenizers say that a token is a word by itself or begins one."""
LEAST_LETTERS = 2


def encoder_words(model: str, revision: str | None = None) -> tuple[str, ...]:
    """The whole words, letters alone, in the vocabularies of a model's text encoders (folder or hub id); sorted.

    Raises ``InputError`` for a model that is not on this machine.
    """
    import transformers

    folder = model_folder(model, revision)
    found: set[str] = set()
    for part, kind in _tokenizers(folder):
        tokenizer = getattr(transformers, kind).from_pretrained(str(folder.path / part), trust_remote_code=False)
        for token in tokenizer.get_vocab():
            ends, begins = token.endswith(_WORD_MARKS[0]), token.startswith(_WORD_MARKS[1:])
            word = token.removesuffix(_WORD_MARKS[0]) if ends else token[1:]
            if (ends or begins) and len(word) >= LEAST_LETTERS and word.isascii() and word.isalpha():
                found.add(word)
    return tuple(sorted(found))
