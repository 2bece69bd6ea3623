"""safesweep/vlm/weighing.py: the weights of one forward against one plain forward an answer, for every class of model."""

from typing import Any

import numpy as np
import pytest
import torch

from miniature import WEIGHTS
from miniature.drawing import draw
from miniature.world import Item, Scene
from safesweep.errors import InputError
from safesweep.vlm import VisionLanguageModel
from safesweep.vlm.questions import Choice
from safesweep.vlm.vocabulary import HarmVocabulary
from tests.safesweep.vlm.conversations import EXAMPLES, PICTURES, QUESTION, TERMS, TOKENS, generated
from tests.safesweep.vlm.test_likelihood import Words

ANSWERS = ("knife", "skull", "skull\nS1", "skull\nS12", "skull\nS1,S2", "nothing")
"""Tokens of the tests' models are single digits: "S12" goes on where "S1" ends."""
DAGGER = Item("dagger", "red")
LONGER = {"skull": ("skull\nS1", "skull\nS12", "skull\nS1,S2"), "skull\nS1": ("skull\nS12", "skull\nS1,S2")}


@pytest.mark.parametrize("examples", [(), EXAMPLES])
def test_weights_are_those_of_one_forward_an_answer(family: tuple[Any, Any], examples: Any) -> None:
    model, processor = family
    vlm = VisionLanguageModel(model, processor, TOKENS, examples=examples)
    question = Choice(QUESTION, ANSWERS)
    found = vlm.answer(PICTURES, [question] * len(PICTURES))
    for picture, reply in zip(PICTURES, found, strict=True):
        begins = begin(Words(model, processor, picture, examples))
        wanted = {text: begins[text] - longer_ones(begins, LONGER.get(text, ())) for text in ANSWERS}
        assert list(reply.weights) == list(ANSWERS)
        assert list(reply.weights.values()) == pytest.approx(list(wanted.values()), rel=2e-3, abs=1e-9)
        assert reply == max(wanted, key=wanted.__getitem__) and 0 < sum(reply.weights.values()) <= 1
    assert found[0].weights != found[2].weights


def begin(words: Words) -> dict[str, float]:
    """Answer -> the probability that what is written begins with it."""
    found = {}
    for text in ANSWERS:
        tokens = words.ids(words.prefix + text)
        logp = words.behind(tokens)
        found[text] = float(
            torch.stack([logp[place, token] for place, token in enumerate(tokens)]).double().sum().exp()
        )
    return found


def longer_ones(begins: dict[str, float], longer: tuple[str, ...]) -> float:
    """What belongs to longer answers: those that no other longer one begins."""
    nearest = [one for one in longer if not any(one != other and one.startswith(other) for other in longer)]
    return sum(begins[one] for one in nearest)


def test_an_answer_does_not_depend_on_what_else_is_asked(family: tuple[Any, Any]) -> None:
    model, processor = family
    vlm = VisionLanguageModel(model, processor, TOKENS)
    choice, other = Choice(QUESTION, ANSWERS), Choice(QUESTION, ANSWERS[:2])
    together = vlm.answer([*PICTURES, PICTURES[0], PICTURES[0]], [choice, choice, choice, other, QUESTION])
    for picture, question, reply in zip([*PICTURES, PICTURES[0]], [choice] * 3 + [other], together, strict=False):
        [alone] = vlm.answer([picture], [question])
        assert reply.weights == pytest.approx(alone.weights, rel=1e-3, abs=1e-12)
    assert list(together[3].weights) == list(ANSWERS[:2])
    assert together[4].weights is None and together[4] == generated(model, processor, PICTURES[0])


def test_a_trained_model_weighs_what_it_would_write() -> None:
    vlm = VisionLanguageModel.load(str(WEIGHTS / "vlm"))
    question = Choice(QUESTION, (*TERMS, "nothing"))
    for picture in PICTURES:
        [written], [weighed] = vlm.answer([picture], [QUESTION]), vlm.answer([picture], [question])
        assert written.startswith(weighed) and sum(weighed.weights.values()) > 0.9
        assert weighed.completion_tokens == 0 and weighed.prompt_tokens == written.prompt_tokens


def test_what_a_longer_answer_begins_with_is_not_counted_twice() -> None:
    """A drawing of two hazards, of which a trained model names both: "dagger" alone has what "dagger, skull" leaves of it."""
    vlm = VisionLanguageModel.load(str(WEIGHTS / "vlm"))
    question = HarmVocabulary.from_yaml("miniature").question()
    rng = np.random.default_rng(3)
    both, one = (draw(Scene(items), rng) for items in ((DAGGER, Item("skull", "blue")), (DAGGER,)))
    answers = ("dagger", "dagger, skull", "nothing")
    [begun] = vlm.answer([both], [Choice(question, ("dagger", "nothing"))])
    found = vlm.answer([both, one], [Choice(question, answers)] * 2)
    assert [str(reply) for reply in found] == ["dagger, skull", "dagger"]
    weights = found[0].weights
    assert weights["dagger, skull"] > 0.5 > weights["dagger"]
    assert weights["dagger"] + weights["dagger, skull"] == pytest.approx(begun.weights["dagger"], rel=1e-4)
    assert found[1].weights["dagger"] > 0.5 > found[1].weights["dagger, skull"]


def test_a_choice_that_is_none_is_refused_before_it_is_weighed() -> None:
    vlm = VisionLanguageModel.load(str(WEIGHTS / "vlm"))
    for answers in (("dagger",), ("dagger", "dagger")):
        with pytest.raises(InputError, match="at least two, each once"):
            vlm.check(Choice(QUESTION, answers))
    vlm.check(QUESTION)
