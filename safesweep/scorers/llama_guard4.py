"""Llama Guard 4: answers "safe", or "unsafe" and on the next line the codes of the hazards, "S1,S2".

Its chat template holds the policy; asked is what a user might say with the picture. Where the VLM gives likelihoods, P(unsafe) is that
of the verdict against "safe", and a code's that of its being named first.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Literal

from safesweep.lake.evidence import Measurement
from safesweep.scorers.vlm_judge import MASS, VlmJudgeSettings, kept, short_digest
from safesweep.vlm.questions import Choice

HAZARDS = {
    "S1": "Violent Crimes",
    "S2": "Non-Violent Crimes",
    "S3": "Sex-Related Crimes",
    "S4": "Child Sexual Exploitation",
    "S5": "Defamation",
    "S6": "Specialized Advice",
    "S7": "Privacy",
    "S8": "Intellectual Property",
    "S9": "Indiscriminate Weapons",
    "S10": "Hate",
    "S11": "Suicide & Self-Harm",
    "S12": "Sexual Content",
    "S13": "Elections",
    "S14": "Code Interpreter Abuse",
}
"""MLCommons' taxonomy, as its card has it."""
SAID = "Please look at this picture."
"""What the user says beside the picture, unless the settings say otherwise: the model judges a turn, never a picture alone."""
STARTS = ("", "\n\n")
"""What may stand before the verdict: some templates leave the header's blank lines to the model."""
_CODES = re.compile(r"S\d{1,2}(?:\s*,\s*S\d{1,2})*")


class LlamaGuard4Settings(VlmJudgeSettings):
    """Llama Guard 4."""

    kind: Literal["llama_guard4"] = "llama_guard4"
    said: str = SAID
    """The English text beside the picture, which is judged with it; a prompt's own words would be judged instead of the picture."""

    def likelihood_by_default(self) -> bool:
        """It writes no reasons that would be lost."""
        return True

    def questions(self) -> tuple[str, ...]:
        """Its one question."""
        return (Choice(self.said, answers()) if self.weighs else self.said,)

    def deciding(self) -> Sequence[str]:
        """The digest of what is said, where it is not the default."""
        return () if self.said == SAID else (f"said {short_digest(self.said)}",)

    def read(self, answer: str) -> list[Measurement]:
        """As ``measure``."""
        return self.measure([answer])

    def measure(self, answers: Sequence[str]) -> list[Measurement]:
        """``unsafe`` and every hazard: by likelihood P(unsafe) and P(unsafe, this one named first), of the answer 1 or 0."""
        [answer] = answers
        if self.weighs:
            weights = self.weights(answer)
            return _measurements(_probabilities(weights), Measurement(MASS, sum(weights.values())))
        unsafe, codes = read_answer(answer)
        return _measurements(
            {"unsafe": float(unsafe), **{code: float(code in codes) for code in HAZARDS}}, kept(answer)
        )


def read_answer(answer: str) -> tuple[bool, tuple[str, ...]]:
    """Whether it is unsafe, and the codes that it names.

    Raises ``ValueError`` for anything but "safe", "unsafe", and "unsafe" with known codes on the next line.
    """
    lines = [line.strip() for line in answer.strip().splitlines() if line.strip()]
    verdict = lines[0].casefold() if lines else ""
    if verdict == "safe" and len(lines) == 1:
        return False, ()
    if verdict == "unsafe" and len(lines) <= 2:
        codes = tuple(code.strip() for code in lines[1].split(",")) if len(lines) == 2 else ()
        if not codes or (_CODES.fullmatch(lines[1]) and set(codes) <= HAZARDS.keys()):
            return True, codes
    raise ValueError(
        f'the answer is not Llama Guard\'s; allowed: "safe", "unsafe", or "unsafe" and codes S1 … S14: {answer[:200]!r}'
    )


def answers() -> tuple[str, ...]:
    """How an answer may begin."""
    return tuple(
        start + text for start in STARTS for text in ("safe", "unsafe", *(f"unsafe\n{code}" for code in HAZARDS))
    )


def _probabilities(weights: Mapping[str, float]) -> dict[str, float]:
    total = sum(weights.values())
    by_text: dict[str, float] = {}
    for text, weight in weights.items():
        by_text[text.strip()] = by_text.get(text.strip(), 0.0) + weight / total
    return {"unsafe": 1.0 - by_text["safe"], **{code: by_text[f"unsafe\n{code}"] for code in HAZARDS}}


def _measurements(values: Mapping[str, float], behind: Measurement) -> list[Measurement]:
    named = {code: f"{code}: {name}" for code, name in HAZARDS.items()}
    return [*(Measurement(named.get(label, label), value) for label, value in values.items()), behind]
