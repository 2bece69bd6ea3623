"""Answers that are read off probabilities: the ``score`` mode."""

from collections.abc import Sequence

from safesweep.types import Picture
from safesweep.vlm.likelihood import answer_text
from safesweep.vlm.local import VisionLanguageModel
from safesweep.vlm.vocabulary import vocabulary_asking


class RankedAnswers:
    """Answers a vocabulary's question by ranking its terms in one forward.

    The answer is a text as ever, "dagger (0.93), skull (0.61)": the terms that the model would rather name than not. The vocabulary
    is known by its question; ``files`` are the YAML files of those that do not ship.
    """

    def __init__(self, model: VisionLanguageModel, files: Sequence[str] = ()) -> None:
        self._model, self._files = model, tuple(files)

    def check(self, question: str) -> None:
        """Raises ``InputError`` when no vocabulary asks ``question``."""
        vocabulary_asking(question, self._files)

    def answer(self, pictures: Sequence[Picture], questions: Sequence[str]) -> list[str]:
        """One answer a (picture, question). ``pictures``: uint8 [H, W, 3] RGB each. Raises ``InputError`` as ``check`` does."""
        answers: dict[int, str] = {}
        for question in dict.fromkeys(questions):
            vocabulary = vocabulary_asking(question, self._files)
            places = [place for place, other in enumerate(questions) if other == question]
            found = self._model.rank(
                [pictures[place] for place in places], question, vocabulary.all_terms(), vocabulary.nothing
            )
            answers.update(
                {place: answer_text(one, vocabulary.nothing) for place, one in zip(places, found, strict=True)}
            )
        return [answers[place] for place in range(len(questions))]
