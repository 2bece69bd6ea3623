"""safesweep/vlm/likelihood.py: probabilities of one forward against one plain forward a word, and the answer that they make."""

from typing import Any

import pytest
import torch

from miniature import WEIGHTS
from safesweep.errors import InputError
from safesweep.types import Picture
from safesweep.vlm import Example, VisionLanguageModel
from safesweep.vlm.likelihood import answer_text
from safesweep.vlm.vocabulary import HarmVocabulary
from tests.safesweep.vlm.conversations import EXAMPLES, PICTURES, QUESTION, TERMS, TOKENS, conversation, encoded


@pytest.mark.parametrize("examples", [(), EXAMPLES])
def test_ranking_in_one_forward_equals_one_forward_a_word(
    family: tuple[Any, Any], examples: tuple[Example, ...]
) -> None:
    model, processor = family
    vlm = VisionLanguageModel(model, processor, TOKENS, examples=examples)
    found = vlm.rank(PICTURES, QUESTION, TERMS, "nothing")
    for picture, probabilities in zip(PICTURES, found, strict=True):
        wanted = chain(Words(model, processor, picture, examples))
        assert list(probabilities) == list(TERMS)
        assert list(probabilities.values()) == pytest.approx(wanted, abs=2e-5)


class Words:
    """Log-probabilities of an answer's words, each by a plain forward of the whole text."""

    def __init__(self, model: Any, processor: Any, picture: Picture, examples: tuple[Example, ...]) -> None:
        self.model, self.tokenizer = model, processor.tokenizer
        self.inputs = encoded(processor, conversation(picture, examples))
        prompt = processor.apply_chat_template(conversation(picture, examples), add_generation_prompt=True)
        whole = processor.apply_chat_template(conversation(picture, examples, "dagger"))
        self.prefix = whole[len(prompt) :].split("dagger")[0]

    @torch.no_grad()
    def behind(self, tokens: list[int]) -> torch.Tensor:
        inputs = dict(self.inputs)
        added = torch.tensor([tokens], dtype=torch.long)
        inputs["input_ids"] = torch.cat([inputs["input_ids"], added], dim=1)
        for name, value in (("attention_mask", 1), ("mm_token_type_ids", 0)):
            if name in inputs:
                inputs[name] = torch.cat([inputs[name], torch.full_like(added, value)], dim=1)
        self.model.base_model.rope_deltas = None
        logits: torch.Tensor = self.model(**inputs).logits
        return logits[0, -len(tokens) - 1 :].float().log_softmax(dim=-1)

    def ids(self, text: str) -> list[int]:
        return list(self.tokenizer(text, add_special_tokens=False).input_ids)

    def word(self, before: str, word: str) -> float:
        """log P(word | before), the word's own end included."""
        first, both = self.ids(before), self.ids(before + word)
        assert both[: len(first)] == first
        logp = self.behind(both)
        tokens = sum(float(logp[place, both[place]]) for place in range(len(first), len(both)))
        return tokens + float(logp[-1, [*self.stops]].logsumexp(0))

    @property
    def stops(self) -> set[int]:
        return {self.ids(self.prefix + "dagger" + sign)[-1] for sign in (",", ".")} | {self.tokenizer.eos_token_id}

    def end(self, before: str) -> float:
        stops = self.stops - {self.ids(self.prefix + "dagger,")[-1]}
        return float(self.behind(self.ids(before))[-1, [*stops]].logsumexp(0))


def chain(words: Words) -> list[float]:
    first = torch.tensor([words.word("", words.prefix + term) for term in (*TERMS, "nothing")]).softmax(0).tolist()
    named = first[:-1]
    for index, term in enumerate(TERMS[:-1]):
        before = words.prefix + term
        options = [words.word(before, ", " + later) for later in TERMS[index + 1 :]] + [words.end(before)]
        for offset, p in enumerate(torch.tensor(options).softmax(0).tolist()[:-1]):
            named[index + 1 + offset] += named[index] * p
    return named


def test_terms_must_be_there_and_differ() -> None:
    vlm = VisionLanguageModel.load(str(WEIGHTS / "vlm"))
    for terms, why in (([], "0 terms, 0 different"), (["dagger", "dagger"], "2 terms, 1 different")):
        with pytest.raises(InputError, match=why):
            vlm.rank(PICTURES[:1], QUESTION, terms, "nothing")


def test_a_ranked_answer_is_read_as_what_it_names() -> None:
    vocabulary = HarmVocabulary.from_yaml("miniature")
    for seen in ((), ("flame",), TERMS):
        answer = answer_text({term: 0.97 if term in seen else 0.49 for term in TERMS}, "nothing")
        assert vocabulary.parse(answer) == seen
    assert answer_text({"dagger": 1.0, "skull": 0.5}, "nothing") == "dagger (1.00), skull (0.50)"
