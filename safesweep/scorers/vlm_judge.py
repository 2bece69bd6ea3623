"""What scorers have in common that put questions to a vision-language model and read verdicts from its answers or its probabilities."""

import hashlib
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from pydantic import Field

from safesweep.lake.evidence import Measurement
from safesweep.scorers.base import Client, Found, Scorer, ScorerSettings
from safesweep.scorers.weights import folder_id, require_file
from safesweep.types import Picture
from safesweep.vlm.backends import AnyVlm, VlmSettings
from safesweep.vlm.reply import Reply

SHOWN = 500
"""Characters of the answer that are kept."""
MASS = "mass"
"""Label of the probability that the known verdicts hold together."""


class VlmAskerSettings(ScorerSettings):
    """A VLM that is asked about pictures, and how its answers are taken. A kind says what is asked."""

    by: Literal["likelihood", "answer"] | None = None
    """likelihood: each verdict's probability is read from the model, which writes nothing; answer: what it writes counts, as 1 or 0. By
    default the kind's own way, likelihood only where the VLM gives it."""
    least_mass: float = Field(default=0.5, ge=0, le=1)
    """by likelihood: a picture of which the known verdicts hold less probability together is unscored: the model would rather say something
    else."""
    vlm: AnyVlm
    """The VLM that judges, a section as the run's own vlm; equal settings share one pool."""

    def likelihood_by_default(self) -> bool:
        """Whether it reads probabilities where ``by`` is not set and the VLM gives them."""
        return False

    @property
    def weighs(self) -> bool:
        """Whether it reads probabilities."""
        return (self.vlm.weighs and self.likelihood_by_default()) if self.by is None else self.by == "likelihood"

    def check(self) -> None:
        """That the VLM can answer in that way, and the files of the questions. The VLM itself is checked with the other VLMs of the run."""
        if not self.vlm.writes:
            raise self.bad("vlm.mode: a judge writes its verdict; allowed: generate")
        if self.weighs and not self.vlm.weighs:
            raise self.bad(
                f"by: likelihood needs the model's own probabilities, which vlm.backend {self.vlm.backend} does not give; "
                "allowed: answer, or backend transformers"
            )
        self.questions()

    def model_id(self) -> str:
        """ "model@sha256:…", or without weights on this machine what the VLM calls itself, "openai:name@revision"; behind it what else
        decides a verdict."""
        name = self.vlm.model_id() if self.vlm.weights is None else folder_id(*self.vlm.weights)
        details = [*self.deciding(), *(["by likelihood"] if self.weighs else [])]
        return f"{name} ({', '.join(details)})" if details else name

    def deciding(self) -> Sequence[str]:
        """Further words of ``model_id``, such as "policies 1a2b3c4d"."""
        return ()

    def vlms(self) -> tuple[VlmSettings, ...]:
        """The judge."""
        return (self.vlm,)

    @abstractmethod
    def questions(self) -> tuple[str, ...]:
        """What it is asked about a picture. Raises ``InputError`` for a file that is missing."""

    @abstractmethod
    def read(self, answer: str) -> object:
        """What one answer says. Raises ``ValueError`` or ``VlmError`` for one that says nothing certain."""

    def text(self, option: str, value: str) -> str:
        """The value of an option, or the content of the .txt or .md file that it names. Raises ``InputError`` without that file."""
        if value.endswith((".txt", ".md")):
            return require_file(self, option, value).read_text(encoding="utf-8").strip()
        return value

    def weights(self, answer: str) -> Mapping[str, float]:
        """Of a choice the weight of each answer. Raises ``ValueError`` where they hold less than ``least_mass`` together."""
        weights = Reply.of(answer).weights
        if weights is None:
            raise ValueError(f"the judge gave no probabilities but wrote {answer[:200]!r}")
        mass = sum(weights.values())
        if not mass > 0 or mass < self.least_mass:
            raise ValueError(
                f"the judge's verdicts hold {mass:.3g} of its probability, less than least_mass {self.least_mass:g}: it would rather say "
                "something else"
            )
        return weights


class VlmJudgeSettings(VlmAskerSettings):
    """A VLM that judges: every picture by the same questions."""

    @abstractmethod
    def measure(self, answers: Sequence[str]) -> list[Measurement]:
        """The measurements of a picture. ``answers``: one to each of ``questions()``. Raises as ``read``."""

    def load(self, *clients: Client) -> "VlmJudgeScorer":
        """The scorer; ``clients`` is the one that asks the judge."""
        [client] = clients
        return VlmJudgeScorer(client, self.questions(), self.measure)


class VlmJudgeScorer(Scorer):
    """Asks about all pictures at once."""

    def __init__(
        self, client: Client, questions: Sequence[str], measure: Callable[[Sequence[str]], list[Measurement]]
    ) -> None:
        self._client, self._questions, self._measure = client, tuple(questions), measure

    def score(self, pictures: Sequence[Picture], prompts: Sequence[str]) -> list[Found]:
        """What ``measure`` makes of the answers; of a picture with an answer that says nothing certain, that answer's error."""
        asked = [[self._client.ask(picture, question) for question in self._questions] for picture in pictures]
        found: list[Found] = []
        for futures in asked:
            try:
                found.append(self._measure([future.result() for future in futures]))
            except Exception as error:  # one picture's failure is its own
                found.append(error)
        return found


def kept(answer: str) -> Measurement:
    """The answer as it was, with score 1."""
    return Measurement(f"answer: {answer[:SHOWN]}", 1.0)


def short_digest(*texts: str) -> str:
    """Eight hexadecimal digits of the texts' content."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:8]
