"""Tokens that a text encoder never sees."""

from miniature import WEIGHTS
from safesweep.models import load
from safesweep.models.tokens import tokens_lost

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
