"""Harm vocabularies: what a vision-language model is asked for, and how its answer is read."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, StrictStr, ValidationError

from safesweep.errors import InputError, did_you_mean
from safesweep.vlm.negation import FIRST_MARK, LAST_MARK, affirmed

FOLDER = Path(__file__).parent / "vocabularies"
"""The vocabularies that are known by name, one YAML file each."""

LONGEST = 2_000
"""Characters of an answer that are read: the rules for negation take longer than their texts grow (24,000 took 23 s)."""
_PLACEHOLDER = "{terms}"
_MARKS = "".join(chr(code) for code in range(0x300, 0x1E950) if unicodedata.category(chr(code)).startswith("M"))
_LETTER = rf"[\w{re.escape(_MARKS)}]"
"""What belongs to a word: `\\w` alone leaves out the vowel signs of Indic and Semitic scripts."""
_UNSPACED = (
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]"
)
"""Letters of scripts that put no blanks between words (Thai, Lao, Burmese, Khmer, kana, Han)."""
_IRREGULAR = {"foot": "feet", "tooth": "teeth", "man": "men", "woman": "women", "child": "children", "person": "people"}


@dataclass(frozen=True)
class HarmTerm:
    """One thing to look for."""

    name: str
    """The canonical name, as questions and negative prompts write it."""
    category: str
    synonyms: tuple[str, ...] = ()


@dataclass(frozen=True)
class HarmVocabulary:
    """Terms of harm with their question, their reading and their negative prompt.

    Raises:
        InputError: there is no term, two terms share a name, synonym or plural, a template lacks ``{terms}``.
    """

    name: str
    terms: tuple[HarmTerm, ...]
    question_template: str
    """Holds ``{terms}``, and ``{nothing}`` where the model is told what to say when nothing is there."""
    negative_template: str
    """Holds ``{terms}``."""
    nothing: str
    """What an answer says when nothing is there."""

    def __post_init__(self) -> None:
        if not 0 < len(self.terms) <= ord(LAST_MARK) - ord(FIRST_MARK):
            raise InputError(f"vocabulary {self.name!r}: has {len(self.terms)} terms; at least one is needed")
        for key, template in (("question", self.question_template), ("negative", self.negative_template)):
            if _PLACEHOLDER not in template:
                raise InputError(f"vocabulary {self.name!r}: {key} is {template!r}; it must hold {_PLACEHOLDER}")
        self._index  # noqa: B018 - built now, so that a clash is reported where the vocabulary is loaded

    @classmethod
    def from_yaml(cls, path_or_name: str | Path) -> "HarmVocabulary":
        """Loads a vocabulary that the project ships, by name, or a user's YAML file (ending .yaml or .yml).

        Raises:
            InputError: no such name or file, not YAML, or not of the form of ``safesweep/vlm/vocabularies/miniature.yaml``.
        """
        path = _find(path_or_name)
        try:
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
            file = _File.model_validate(content)
        except yaml.YAMLError as error:
            raise InputError(f"{path}: is not YAML: {error}") from None
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(map(str, first["loc"])) or "the file"
            found = repr(first["input"])[:60]
            raise InputError(f"{path}: {key}: found {found}; {first['msg']}") from None
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{path}: cannot be read: {error}") from None
        terms = tuple(
            HarmTerm(term, category, tuple(synonyms or ()))
            for category, members in file.categories.items()
            for term, synonyms in members.items()
        )
        return cls(path.stem, terms, file.question, file.negative, file.nothing)

    def question(self) -> str:
        """The question about a picture, all terms filled in."""
        text = self.question_template.replace(_PLACEHOLDER, ", ".join(self.all_terms()))
        return text.replace("{nothing}", self.nothing)

    def parse(self, answer: str) -> tuple[str, ...]:
        """Canonical names of the terms that ``answer`` says are there, in the vocabulary's order.

        Names, synonyms and plurals are matched on word boundaries, the longest first, in any case and Unicode form,
        with blanks or hyphens between their words. English negations are understood within their clause; what is
        ambiguous counts as seen. An empty answer, and one that names no term, gives ``()``. Beyond ``LONGEST`` characters an answer is
        cut at a blank.
        """
        marked = self._pattern.sub(self._mark, self._with_heads_repeated(_fold(_cut(answer))))
        seen = {ord(mark) - ord(FIRST_MARK) for mark in affirmed(marked)}
        return tuple(term.name for number, term in enumerate(self.terms) if number in seen)

    def negative_prompt(self, terms: Iterable[str]) -> str:
        """The negative prompt against ``terms`` (canonical names, any order, written in the vocabulary's); "" for none.

        Raises:
            InputError: a term that the vocabulary does not have.
        """
        wanted = set(terms)
        known = self.all_terms()
        for term in sorted(wanted.difference(known)):
            raise InputError(f"vocabulary {self.name!r}: has no term {term!r}{did_you_mean(term, known)}")
        if not wanted:
            return ""
        return self.negative_template.replace(_PLACEHOLDER, ", ".join(term for term in known if term in wanted))

    def all_terms(self) -> tuple[str, ...]:
        """Canonical names of all terms, in the vocabulary's order."""
        return tuple(term.name for term in self.terms)

    @property
    def categories(self) -> Mapping[str, tuple[str, ...]]:
        """Category -> canonical names of its terms."""
        names = dict.fromkeys(term.category for term in self.terms)
        return {name: tuple(term.name for term in self.terms if term.category == name) for name in names}

    @cached_property
    def _index(self) -> dict[tuple[str, ...], int]:
        """Words of every form of every term -> the term's number."""
        index: dict[tuple[str, ...], int] = {}
        for number, term in enumerate(self.terms):
            for variant in (term.name, *term.synonyms):
                for form in _forms(variant):
                    other = index.setdefault(form, number)
                    if other != number:
                        clash = f"{' '.join(form)!r} belongs to {self.terms[other].name!r} and to {term.name!r}"
                        raise InputError(f"vocabulary {self.name!r}: {clash}; a name or synonym may belong to one term")
        return index

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        forms = sorted(self._index, key=lambda form: -len("".join(form)))
        either = "|".join(map(_as_pattern, forms))
        # scripts without blanks have no word boundary to ask for
        return re.compile(rf"(?:(?<!{_LETTER})|(?={_UNSPACED}))(?:{either})(?:(?!{_LETTER})|(?<={_UNSPACED}))")

    @cached_property
    def _by_letters(self) -> dict[str, int]:
        return {"".join(form): number for form, number in self._index.items()}

    def _mark(self, match: re.Match[str]) -> str:
        letters = re.sub(r"[\s_-]", "", match[0])
        return f" {chr(ord(FIRST_MARK) + self._by_letters[letters])} "

    @cached_property
    def _heads(self) -> tuple[re.Pattern[str], ...]:
        """One pattern for each last word that several terms share: finds "male and" of "male and female breasts"."""
        by_head: dict[str, dict[str, None]] = {}
        for *modifiers, head in self._index:
            if modifiers:
                by_head.setdefault(head, {})[" ".join(map(re.escape, modifiers))] = None
        patterns = []
        for head, modifiers_of_head in by_head.items():
            if len(modifiers_of_head) > 1:
                either = "|".join(modifiers_of_head)
                joint = r"\s*(?:/|&|,(?:\s*(?:and|or))?|\b(?:and|or|nor)\b)\s*"
                patterns.append(
                    re.compile(
                        rf"(?<!\w)(?P<one>{either})(?P<joint>{joint})(?=(?:{either})\s+(?P<head>{re.escape(head)})(?!\w))"
                    )
                )
        return tuple(patterns)

    def _with_heads_repeated(self, answer: str) -> str:
        for pattern in self._heads:
            answer = pattern.sub(r"\g<one> \g<head> \g<joint> ", answer)
        return answer


@lru_cache(maxsize=64)
def vocabulary_asking(question: str, files: tuple[str, ...] = ()) -> HarmVocabulary:
    """The vocabulary whose question this is, among those that ship and those in ``files``.

    Raises:
        InputError: none asks it, or a file cannot be read.
    """
    sources: list[str | Path] = [*files, *sorted(FOLDER.glob("*.yaml"))]
    for source in sources:
        vocabulary = HarmVocabulary.from_yaml(source)
        if vocabulary.question() == question:
            return vocabulary
    shown = question if len(question) <= 60 else question[:57] + "..."
    raise InputError(f"no vocabulary asks {shown!r}; name its YAML file in vlm.vocabularies")


class _File(BaseModel):
    """A vocabulary file."""

    model_config = ConfigDict(extra="forbid", strict=True)
    question: StrictStr
    negative: StrictStr
    nothing: StrictStr
    categories: dict[StrictStr, dict[StrictStr, list[StrictStr] | None]]


def _find(path_or_name: str | Path) -> Path:
    path = Path(path_or_name)
    if isinstance(path_or_name, Path) or path.suffix in (".yaml", ".yml") or len(path.parts) > 1:
        if not path.is_file():
            raise InputError(f"{path}: no such vocabulary file")
        return path
    names = sorted(file.stem for file in FOLDER.glob("*.yaml"))
    if path_or_name not in names:
        near = did_you_mean(path_or_name, names)
        raise InputError(f"vocabulary {path_or_name!r} is unknown; known are {', '.join(names)}, or a .yaml file{near}")
    return FOLDER / f"{path_or_name}.yaml"


def _cut(answer: str) -> str:
    if len(answer) <= LONGEST:
        return answer
    whole, blank, _ = answer[: LONGEST + 1].rpartition(" ")
    return whole if blank else answer[:LONGEST]


def _fold(text: str) -> str:
    """``text`` in one Unicode form, without case, with plain apostrophes and hyphens, and free of our marks."""
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    text = text.translate(_PLAIN)
    return re.sub(f"[{FIRST_MARK}-{LAST_MARK}]", " ", text)


_PLAIN = str.maketrans(
    {**dict.fromkeys("’‘ʼ`´′＇", "'"), **dict.fromkeys("‐‑‒\u00ad", "-"), "_": " ", "“": '"', "”": '"', "\r": "\n"}
    | dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff", None)
)


def _forms(variant: str) -> Iterator[tuple[str, ...]]:
    """Words of ``variant``, with its last word as it is, in the plural and in the singular.

    More plurals than English has ("leafs" beside "leaves"), for models write them too. inflect knows one plural a word, and takes "pus"
    and "anus" for plurals themselves.
    """
    *first, last = re.split(r"[\s-]+", _fold(variant).strip())
    for form in dict.fromkeys((last, *_plurals(last), *_singulars(last))):
        if form:
            yield (*first, form)


def _plurals(word: str) -> Iterator[str]:
    if word in _IRREGULAR:
        yield _IRREGULAR[word]
    elif re.search(r"[^aeiou]y$", word):
        yield word[:-1] + "ies"
    elif re.search(r"(?:s|x|z|ch|sh|o)$", word):
        yield word + "es"
    elif word.isascii() and word.isalpha():
        yield word + "s"
    if re.search(r"(?:[lr]f|[aeo]af|[aei]fe?|nife|life|wife)$", word):
        yield re.sub(r"fe?$", "ves", word)


def _singulars(word: str) -> Iterator[str]:
    yield from (one for one, many in _IRREGULAR.items() if many == word)
    if re.search(r"[a-z]{2}ies$", word):
        yield word[:-3] + "y"
    elif re.search(r"ves$", word):
        yield from (word[:-1], word[:-3] + "f", word[:-3] + "fe")
    elif re.search(r"(?:ss|x|z|ch|sh)es$", word):
        yield word[:-2]
    elif re.search(r"[a-z]{2}[^siu]s$", word):
        yield word[:-1]


def _as_pattern(form: tuple[str, ...]) -> str:
    """Words of ``form`` with a blank, a hyphen, a line end or nothing between them."""
    return r"(?:[ \t]?-[ \t]?|[ \t]{1,2}|\n)?".join(map(re.escape, form))
