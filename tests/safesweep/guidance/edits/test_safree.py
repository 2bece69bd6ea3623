"""SAFREE against a slow direct computation: float64, explicit pseudo-inverses, one token at a time."""

import math

import pytest
import torch

from safesweep.guidance.edits.base import EditedPrompt
from safesweep.guidance.edits.safree import Safree, last_edited_step, onto_span, project, trigger_tokens
from safesweep.models.flux import Flux
from safesweep.models.qwen_image import QwenImage
from safesweep.models.sd3 import StableDiffusion3
from safesweep.models.text import EditedText
from safesweep.models.z_image import ZImage
from tests.random_flow_models import random_sd3

CONCEPTS = ("dagger", "flame", "skull")
PROMPTS = ("a red dagger and a blue circle", "a battle in red", "a green leaf")


def slow(model, prompt: str, concepts: tuple[str, ...], alpha: float):
    """Projection matrices by CᵀC's pseudo-inverse, triggers by a loop, z and the last step from the formulas."""
    [encoder] = model.encoders
    text_model = encoder.model
    tokenizer = encoder.tokenizer
    length = tokenizer.model_max_length

    def encode(ids):
        with torch.no_grad():
            made = text_model(torch.tensor([ids]))
        return made.last_hidden_state[0].double(), made.pooler_output[0].double()

    def ids_of(text):
        return tokenizer(text, padding="max_length", truncation=True, max_length=length).input_ids

    c = torch.stack([encode(ids_of(term))[1] for term in concepts], dim=1)
    p_c = c @ torch.linalg.pinv(c.T @ c) @ c.T
    real = len(tokenizer(prompt).input_ids)
    ids = ids_of(prompt)
    masked = []
    for place in range(1, real - 1):
        changed = list(ids)
        changed[place] = 0
        masked.append(encode(changed)[1])
    i = torch.stack(masked, dim=1)
    p_i = i @ torch.linalg.pinv(i.T @ i) @ i.T
    eye = torch.eye(len(p_c), dtype=torch.float64)
    distances = [float(torch.linalg.vector_norm((eye - p_c) @ p)) for p in masked]
    triggers = []
    for place, distance in enumerate(distances):
        others = [d for other, d in enumerate(distances) if other != place]
        triggers.append(distance >= (1 + alpha) * sum(others) / len(others))
    states, _ = encode(ids)
    projected = torch.stack([(eye - p_c) @ p_i @ e for e in states])
    edited = states.clone()
    for place, is_trigger in enumerate(triggers):
        if is_trigger:
            edited[place + 1] = projected[place + 1]
    cosines = [float(torch.nn.functional.cosine_similarity(states[k], projected[k], dim=0)) for k in range(real)]
    z = 1 - sum(cosines) / len(cosines)
    last = round(10 / (1 + math.exp(-(2 * 2.5 * (10 * z - 5.333)))))
    return edited, triggers, last


@pytest.mark.parametrize("alpha", [0.0, 0.01])
@pytest.mark.parametrize("prompt", PROMPTS)
def test_projection_triggers_and_self_validation_are_those_of_the_formulas(model, prompt, alpha):
    wanted, triggers, last = slow(model, prompt, CONCEPTS, alpha)
    found = project(model.encoders[0], prompt, CONCEPTS, alpha)
    assert found.triggers.tolist() == triggers
    assert (found.embedding.double() - wanted).abs().max() <= 1e-4
    made = Safree(concepts=CONCEPTS, alpha=alpha).apply(model, prompt, 0)
    assert made.last == last
    assert made.empty == "dagger, flame, skull"
    if any(triggers):
        assert isinstance(made.edited, EditedText)
        assert torch.equal(made.edited.embedding.tokens, found.embedding)
    else:
        assert made.edited == prompt


def test_triggers_are_found_somewhere_or_the_test_above_shows_nothing(model):
    assert any(project(model.encoders[0], prompt, CONCEPTS, 0.0).triggers.any() for prompt in PROMPTS)


def test_switches(model):
    prompt = PROMPTS[0]
    everywhere = Safree(concepts=CONCEPTS, self_validation=False, concepts_as_empty=False).apply(model, prompt, 0)
    assert everywhere.last is None and everywhere.empty == ""
    [first, *_] = [everywhere.at(step) for step in (0, 24)]
    assert all(everywhere.at(step) == first for step in range(25))


def test_the_edit_acts_in_its_steps_only():
    text = EditedPrompt("before", "after", first=2, last=3)
    assert [text.at(step) for step in range(5)] == ["before", "before", "after", "after", "before"]


def test_onto_span_is_a_projection_also_for_dependent_columns():
    columns = torch.randn(8, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    columns = torch.cat([columns, columns[:, :1] * 2], dim=1)
    matrix = onto_span(columns)
    assert torch.allclose(matrix @ matrix, matrix, atol=1e-12)
    assert torch.allclose(matrix @ columns, columns, atol=1e-12)
    assert torch.linalg.matrix_rank(matrix) == 3


def test_one_token_alone_is_no_trigger_and_equal_ones_are_at_alpha_zero():
    assert trigger_tokens(torch.tensor([3.0]), 0.0).tolist() == [False]
    assert trigger_tokens(torch.tensor([1.0, 1.0, 4.0]), 0.01).tolist() == [False, False, True]


def test_the_self_validation_lies_between_none_and_all_of_its_steps():
    same = torch.eye(4, dtype=torch.float64)
    assert last_edited_step(same, same, 10.0) == 0
    assert last_edited_step(same, -same, 10.0) == 10


def test_a_prompt_beyond_the_tokenizers_length_keeps_its_end_mark_so_that_every_masked_token_shows(model):
    """Cut behind the last id, as released, the pooled embedding would be read elsewhere, where later tokens do not reach."""
    [encoder] = model.encoders
    long = " and ".join(["a red dagger", "a blue circle"] * 20)
    assert encoder.lost(long) > 0
    ids = encoder.ids(long)
    own = encoder.length(long) - 2
    assert own == ids.shape[1] - 2 and ids[0, -1] == encoder.tokenizer.eos_token_id
    last = ids.clone()
    last[0, own] = 0
    assert not torch.equal(encoder.pooled(last), encoder.pooled(ids))
    assert len(project(encoder, long, CONCEPTS, 0.01).triggers) == own


def test_an_empty_prompt_stays_as_it_is(model):
    assert Safree(concepts=CONCEPTS).apply(model, "", 0).edited == ""


def test_on_sd3_the_part_of_its_clip_encoders_is_projected_and_the_rest_stays():
    model = StableDiffusion3(random_sd3())
    edit = Safree(concepts=CONCEPTS, alpha=0.0, concepts_as_empty=False)
    edit.check_family(StableDiffusion3)
    prompt = PROMPTS[0]
    before, made = model.embed(prompt), edit.apply(model, prompt, 0)
    assert isinstance(made.edited, EditedText)
    after = made.edited.embedding
    parts = [project(encoder, prompt, CONCEPTS, 0.0).embedding for encoder in model.encoders]
    wanted = torch.cat(parts, dim=-1).to(after.tokens.dtype)
    count, width = wanted.shape
    assert torch.equal(after.tokens[:count, :width], wanted) and not torch.equal(before.tokens[:count, :width], wanted)
    assert torch.equal(after.tokens[count:], before.tokens[count:]) and torch.equal(after.pooled, before.pooled)
    assert made.last is not None


@pytest.mark.parametrize("family", [Flux, QwenImage, ZImage])
def test_families_without_such_encoders_are_refused_by_name(family):
    with pytest.raises(ValueError, match=f"safree needs text encoders .*; {family.__name__} has none"):
        Safree(concepts=CONCEPTS).check_family(family)
