"""A client for scorers that ask: a model in this process instead of a pool."""

from concurrent.futures import Future
from typing import Any

from safesweep.types import Picture
from safesweep.vlm.base import Answerer


class Here:
    """Asks an answerer at once; what it raises is the future's."""

    def __init__(self, model: Answerer) -> None:
        self.model = model
        self.asked: list[str] = []

    def ask(self, picture: Picture, question: str) -> "Future[str]":
        future: Future[Any] = Future()
        self.asked.append(question)
        try:
            self.model.check(question)
            future.set_result(self.model.answer([picture], [question])[0])
        except Exception as error:
            future.set_exception(error)
        return future


def measured(settings: Any, model: Answerer, pictures: list[Picture]) -> list[Any]:
    """Label -> score of each picture, or the error in its place."""
    found = settings.load(Here(model)).score(pictures, [""] * len(pictures))
    return [one if isinstance(one, Exception) else {m.label: m.score for m in one} for one in found]
