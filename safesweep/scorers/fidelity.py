"""Fidelity by questions: does the picture show what its prompt says, one question a thing, each answered by P(yes) of a VLM.

``soft`` is Soft-TIFA's mean of the probabilities (Kamath et al. 2025, arXiv 2512.16853; TIFA: arXiv 2303.11897), ``soft_geometric`` their
geometric mean, which one thing that is missing ruins; ``vqa`` is VQAScore's P(yes) of the whole prompt (Lin et al. 2024, arXiv 2404.01291).
A picture of which one answer failed, was refused or said neither yes nor no is unscored.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import Field, field_validator

from safesweep.lake.evidence import SOFT_LABEL, Measurement
from safesweep.scorers.base import Client, Found, Scorer
from safesweep.scorers.question_file import read_questions
from safesweep.scorers.question_grammar import VERSION, Question, named_questions, questions_of
from safesweep.scorers.vlm_judge import MASS, VlmAskerSettings, short_digest
from safesweep.types import Picture
from safesweep.vlm.questions import Choice

ASK = "{question} Answer Yes or No."
WHOLE = 'Does this picture show "{question}"? Answer Yes or No.'
"""VQAScore's template in a picture's words."""
SAMPLE = "a blue square"
"""What the question before a run is made of: the plain picture shows it."""
GEOMETRIC, VQA = "soft_geometric", "vqa"
LEAST = 1e-6
"""Below which a probability counts as this in the geometric mean, as a logarithm needs."""


class FidelitySettings(VlmAskerSettings):
    """Whom the questions are put to, and where they come from."""

    kind: Literal["fidelity"] = "fidelity"
    questions_from: tuple[str, ...] = ()
    """Prompt files with a column ``questions``: their prompts are asked these instead of the grammar's."""
    objects: tuple[str, ...] = ()
    """The things that the VLM knows: only these are asked about, where a prompt names them. By default all that the grammar reads."""
    whole: bool = True
    """Ask about the whole prompt as well (``vqa``)."""
    ask: tuple[str, ...] = Field(default=(ASK,), min_length=1)
    """How a question is put: {question} is the question in words, {object} the thing that it is about. Put in several wordings, its P(yes)
    is their mean: what a model makes of one wording is partly chance."""
    yes: tuple[str, ...] = Field(default=("Yes", "yes"), min_length=1)
    """How an answer begins that says yes; {object} is the thing."""
    no: tuple[str, ...] = Field(default=("No", "no"), min_length=1)
    """How an answer begins that says no."""

    @field_validator("ask", mode="before")
    @classmethod
    def _one_or_several(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @field_validator("ask", "yes", "no")
    @classmethod
    def _are_templates(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for template in value:
            try:
                template.format(question="", object="")
            except (KeyError, IndexError, ValueError) as error:
                raise ValueError(f"{template!r} is no template: {error}; allowed: {{question}}, {{object}}") from None
        return value

    @property
    def _needs_object(self) -> bool:
        return any("{object}" in one for one in (*self.ask, *self.yes, *self.no))

    def likelihood_by_default(self) -> bool:
        """Always: P(yes) is the measure."""
        return True

    def check(self) -> None:
        """As for every VLM that is asked; and the questions' files, and that what is asked in words of a thing has one."""
        super().check()
        if self._needs_object and self.whole:
            raise self.bad("whole: a whole prompt is no {object} of ask, yes or no; allowed: false")
        if self._needs_object and self.questions_from:
            raise self.bad(
                "questions_from: such questions name no {object} of ask, yes or no; allowed: templates with {question}"
            )
        self._given()

    def deciding(self) -> Sequence[str]:
        """The digest of all that makes the questions."""
        given = [f"{prompt}\0{[*map(tuple, questions)]}" for prompt, questions in sorted(self._given().items())]
        said = (str(VERSION), *self.ask, str(self.whole), *self.objects, "yes", *self.yes, "no", *self.no)
        return (f"questions {short_digest(*said, *given)}",)

    def questions(self) -> tuple[str, ...]:
        """Of a plain picture, one of each form."""
        own = self.of_prompt(self.objects[0] if self.objects else SAMPLE)
        return tuple(text for question in own for text in self.asked(question))

    def read(self, answer: str) -> float:
        """P(yes) of one answer, 1 or 0 where it was written. Raises ``ValueError`` for one that says neither."""
        return self.probability(answer)[0]

    def load(self, *clients: Client) -> "FidelityScorer":
        """The scorer; ``clients`` is the one that asks the VLM."""
        [client] = clients
        return FidelityScorer(self, client, self._given())

    def of_prompt(self, prompt: str, given: Mapping[str, tuple[Question, ...]] | None = None) -> tuple[Question, ...]:
        """All questions about a picture of ``prompt``; ``given``: those of files."""
        own = (given or {}).get(prompt)
        if own is None:
            own = named_questions(prompt, self.objects) if self.objects else questions_of(prompt)
        return (*own, Question(prompt, whole=True)) if self.whole else own

    def asked(self, question: Question) -> tuple[str, ...]:
        """The question as the VLM takes it, in each wording."""
        texts = [
            template.format(question=question.text, object=question.object)
            for template in ((WHOLE,) if question.whole else self.ask)
        ]
        if not self.weighs:
            return tuple(texts)
        answers = [one.format(object=question.object, question="") for one in (*self.yes, *self.no)]
        return tuple(Choice(text, answers) for text in texts)

    def probability(self, answer: str) -> tuple[float, float]:
        """P(yes) among yes and no, and what both hold together, each in [0, 1]; of a written answer 1 or 0, and 1.

        Raises ``ValueError`` for an answer that says neither, or where they hold less than ``least_mass`` together.
        """
        if self.weighs:
            weights = list(self.weights(answer).values())
            mass = math.fsum(weights)
            return math.fsum(weights[: len(self.yes)]) / mass, mass
        word = answer.strip().split(maxsplit=1)[0].strip(".,;:!*\"'").casefold() if answer.strip() else ""
        if word not in ("yes", "no"):
            raise ValueError(f"the answer is neither yes nor no: {answer[:200]!r}")
        return float(word == "yes"), 1.0

    def _given(self) -> Mapping[str, tuple[Question, ...]]:
        found: dict[str, tuple[Question, ...]] = {}
        for path in self.questions_from:
            found |= read_questions(path)
        return found


class FidelityScorer(Scorer):
    """Asks all pictures' questions at once."""

    def __init__(self, settings: FidelitySettings, client: Client, given: Mapping[str, tuple[Question, ...]]) -> None:
        self._settings, self._client, self._given = settings, client, given

    def score(self, pictures: Sequence[Picture], prompts: Sequence[str]) -> list[Found]:
        """``soft``, ``soft_geometric``, ``vqa`` where the whole prompt is asked about, ``question: …`` (probability of the right answer)
        each, and ``mass``, the least that yes and no held together; in [0, 1]."""
        questions = [self._settings.of_prompt(prompt, self._given) for prompt in prompts]
        asked = [
            [[self._client.ask(picture, text) for text in self._settings.asked(question)] for question in own]
            for picture, own in zip(pictures, questions, strict=True)
        ]
        found: list[Found] = []
        for own, futures in zip(questions, asked, strict=True):
            try:
                answers = [[future.result() for future in wordings] for wordings in futures]
                found.append(self._measured(own, answers))
            except Exception as error:  # one picture's failure is its own
                found.append(error)
        return found

    def _measured(self, questions: Sequence[Question], answers: Sequence[Sequence[str]]) -> list[Measurement]:
        if not questions:
            raise ValueError("the grammar makes no question of this prompt; give some in a file (questions_from)")
        read = [[self._settings.probability(answer) for answer in wordings] for wordings in answers]
        said = [math.fsum(yes for yes, _ in wordings) / len(wordings) for wordings in read]
        right = [yes if question.expected else 1 - yes for question, yes in zip(questions, said, strict=True)]
        whole = [value for question, value in zip(questions, right, strict=True) if question.whole]
        things = right[: len(right) - len(whole)]
        soft = []
        if things:
            soft = [
                Measurement(SOFT_LABEL, math.fsum(things) / len(things)),
                Measurement(GEOMETRIC, math.exp(math.fsum(math.log(max(one, LEAST)) for one in things) / len(things))),
            ]
        asked = [Measurement(f"question: {q.label}", value) for q, value in zip(questions, things, strict=False)]
        least = min(held for wordings in read for _, held in wordings)
        mass = [Measurement(MASS, least)] if self._settings.weighs else []
        return [*soft, *(Measurement(VQA, value) for value in whole), *asked, *mass]
