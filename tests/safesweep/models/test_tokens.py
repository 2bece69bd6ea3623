"""Tokens that a text encoder never sees."""

import pytest

from miniature import WEIGHTS
from safesweep.models import load
from safesweep.models.tokens import encoder_words, tokens_lost

MODEL = str(WEIGHTS / "diffusion")


def test_what_is_cut_is_counted_as_the_model_cuts_it():
    words = ["circle"] * 200
    texts = ["a red circle", " ".join(words), " ".join(words[:100])]
    found = tokens_lost(MODEL, None, texts)
    [encoder] = load(MODEL).encoders
    lost = [encoder.lost(text) for text in texts]
    assert lost[0] == 0 and lost[1] - lost[2] == 100  # "circle" is one token of the miniature's
    seen = [
        encoder.tokenizer.decode(encoder.ids(text)[0], skip_special_tokens=True).split().count("circle")
        for text in texts
    ]
    assert [len(text.split()) - lost for text, lost in zip(texts[1:], lost[1:], strict=True)] == seen[1:]
    assert (found.texts, found.of, found.tokens, found.most) == (2, 3, lost[1] + lost[2], lost[1])
    assert found.sentence().startswith(f"2 of 3 prompts are longer than the {found.length} tokens")
    assert "circle" not in found.sentence()


def test_words_of_the_encoder_are_the_whole_words_of_its_vocabulary():
    words = encoder_words(MODEL)
    assert {"circle", "vexil", "mortag", "an", "graveyard"} <= set(words)
    assert list(words) == sorted(set(words)) and all(word.isalpha() and len(word) > 1 for word in words)
    [encoder] = load(MODEL).encoders
    # start, the word, end; of some the encoder's merges never reach the whole
    alone = [word for word in words if encoder.length(word) == 3]
    assert len(alone) > 0.75 * len(words)


@pytest.mark.parametrize(
    ("kind", "tokens", "wanted"),
    [
        ("T5TokenizerFast", ["▁red", "▁a", "▁b1", "ness", "▁"], ("red",)),
        ("Qwen2TokenizerFast", ["Ġred", "red", "Ġ123", "Ġblue"], ("blue", "red")),
        ("CLIPTokenizer", ["red</w>", "re", "ré</w>", "!</w>"], ("red",)),
    ],
)
def test_a_word_is_told_by_each_tokenizers_own_mark(monkeypatch, kind, tokens, wanted):
    class Tokenizer:
        @classmethod
        def from_pretrained(cls, *_, **__):
            return cls()

        def get_vocab(self):
            return dict.fromkeys(tokens, 0)

    monkeypatch.setattr("safesweep.models.tokens._tokenizers", lambda folder: [("tokenizer", kind)])
    monkeypatch.setattr(f"transformers.{kind}", Tokenizer, raising=False)
    assert encoder_words(MODEL) == wanted
