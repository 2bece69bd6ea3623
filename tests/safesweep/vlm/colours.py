"""A VLM backend in its own file alone, as a plugin has it: a rule on a picture's colours answers."""

from collections.abc import Iterable
from typing import Any, Literal

from pydantic import Field

from safesweep.errors import InputError
from safesweep.types import Picture
from safesweep.vlm.backends import BACKENDS
from safesweep.vlm.base import DigestOf, DirectVlm, Source, digest


class ColoursVlm(DirectVlm):
    """Names the terms whose colour channel holds more than its share of a picture's light."""

    backend: Literal["colours"] = "colours"
    terms: tuple[str, ...] = ("flame", "skull", "dagger")
    """Of red, green and blue."""
    share: float = Field(default=0.34, gt=0, lt=1)
    """Of the light."""
    nothing: str = "nothing"
    """The answer when no channel has it."""

    def check(self, questions: Iterable[str] = ()) -> None:
        """That the questions ask for its terms."""
        for question in questions:
            for term in self.terms:
                if term not in question:
                    raise InputError(f"vlm.terms: {term!r} is not in the question {question!r}")

    def model_id(self, digest_of: DigestOf = digest) -> str:
        """Its rule."""
        return f"colours/{self.share}"

    def deciding(self, digest_of: DigestOf = digest) -> dict[str, Any]:
        """All its own options."""
        return {"weights": self.model_id(), "terms": self.terms, "nothing": self.nothing}

    def described(self) -> str:
        """Its rule."""
        return f"colours of at least {self.share:.0%}"

    def load(self) -> Source:
        """The rule."""
        return Colours(self)


class Colours:
    """Looks at pixels."""

    def __init__(self, settings: ColoursVlm) -> None:
        self._settings = settings

    async def ask(self, picture: Picture, question: str) -> str:
        """The terms, or ``nothing``."""
        light = picture.reshape(-1, 3).mean(axis=0)
        shares = light / max(float(light.sum()), 1e-9)
        seen = [term for term, share in zip(self._settings.terms, shares, strict=True) if share > self._settings.share]
        return ", ".join(seen) or self._settings.nothing


BACKENDS.add("colours", ColoursVlm)
