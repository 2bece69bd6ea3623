"""The distilled model's training: its teacher's samplings, what it is told and asked for, and the folder that it is saved as."""

import numpy as np
import pytest
import torch
from diffusers import FluxPipeline, StableDiffusion3Pipeline

from miniature.training import __main__ as training
from miniature.training import distilled, trajectories
from miniature.training.data import Drawings
from miniature.training.distilled import DistillationLoss, train_distilled
from miniature.training.models import (
    MAX_TOKENS,
    make_distilled_pipeline,
    make_flow_pipeline,
    make_t5_tokenizer,
    make_vae,
)
from miniature.training.trajectories import Trajectories, draw_texts, flow_levels, teacher_trajectories
from miniature.world import sample
from safesweep.models import check_embedded, check_pipeline, load
from tests.safesweep.models.flow_runs import SEED, cell, requests, run, same

CAPTIONS = ["a red circle", "an image of a guard", "dagger, flame", "a battle in blue"]
COUNT = 3


@pytest.fixture(scope="module")
def teacher() -> StableDiffusion3Pipeline:
    torch.manual_seed(0)
    pipe = make_flow_pipeline(make_vae())
    pipe.set_progress_bar_config(disable=True)
    return pipe


@pytest.fixture
def small_files(monkeypatch):
    monkeypatch.setattr(trajectories, "SHARD", 2)
    monkeypatch.setattr(trajectories, "ROWS", 2)
    monkeypatch.setattr(trajectories, "TURNED_SHARE", 0.6)


@pytest.fixture(scope="module")
def made(teacher, tmp_path_factory) -> Trajectories:
    with pytest.MonkeyPatch.context() as patch:
        small_files.__wrapped__(patch)
        return teacher_trajectories(teacher, CAPTIONS, tmp_path_factory.mktemp("made"), COUNT)


@pytest.fixture
def student(teacher) -> FluxPipeline:
    torch.manual_seed(1)
    pipe = make_distilled_pipeline(teacher.vae)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def test_the_students_levels_are_its_pipelines_and_every_second_of_the_teachers(teacher, student):
    student.scheduler.set_timesteps(sigmas=np.linspace(1, 1 / 8, 8))
    assert flow_levels(teacher, 8) == pytest.approx(student.scheduler.sigmas.tolist(), abs=1e-7)
    assert flow_levels(teacher, 16)[::2] == flow_levels(teacher, 8)


def test_trajectories_are_diffusers_own_samplings(teacher, made):
    """Row by row, with the pipeline's guidance; where the text turns, its embeddings are put in from outside."""
    turned = 0
    for texts, scale, states in zip(made.texts, made.scales, made.states, strict=True):
        seen = []

        def after(pipe, step, _, given, texts=texts, seen=seen):
            if step % 2 == 0:
                return {}
            seen.append(given["latents"][0])
            following = texts[min(step // 2 + 1, 7)]
            text, empty, pooled, empty_pooled = pipe.encode_prompt(str(following), "", "", max_sequence_length=0)
            return {
                "prompt_embeds": torch.cat([empty, text]),
                "pooled_prompt_embeds": torch.cat([empty_pooled, pooled]),
            }

        teacher(
            str(texts[0]),
            negative_prompt="",
            guidance_scale=float(scale),
            sigmas=np.linspace(1, 1 / 16, 16).tolist(),
            latents=torch.from_numpy(states[:1]).clone(),
            max_sequence_length=0,
            width=64,
            height=64,
            output_type="latent",
            callback_on_step_end=after,
            callback_on_step_end_tensor_inputs=["latents", "prompt_embeds", "pooled_prompt_embeds"],
        )
        assert np.abs(torch.stack(seen).numpy() - states[1:]).max() < 1e-4
        turned += len(set(texts)) > 1
    assert 0 < turned < COUNT and made.states.dtype == np.float32


def test_texts_scales_and_noise_are_drawn_as_stated(made):
    captions = [f"a {number}" for number in range(50)]
    texts = draw_texts(captions, 4000, np.random.default_rng(0))
    assert texts.shape == (4000, 8) and set(texts.ravel()) == {"", *captions}
    assert abs(np.mean(texts[:, 0] == "") - trajectories.EMPTY_SHARE) < 0.02
    turns = (texts[:, 1:] != texts[:, :-1]).sum(axis=1)
    assert set(turns) == {0, 1}
    assert abs(turns.mean() - 0.94 * trajectories.TURNED_SHARE) < 0.02, "some turn to what they were"
    ended = texts[turns == 1][:, -1]
    assert abs(np.mean(ended == "") - 0.48) < 0.05
    assert made.scales.min() >= 1 and made.scales.max() <= 8 and len(set(made.scales)) == COUNT
    assert len({row.tobytes() for row in made.states[:, 0]}) == COUNT and 0.95 < made.states[:, 0].std() < 1.05


def test_stopped_samplings_go_on_and_another_teacher_begins_anew(teacher, made, tmp_path, small_files, monkeypatch):
    write = trajectories._write

    def cut(path, shard):
        if path.name.startswith("2-"):
            raise KeyboardInterrupt
        write(path, shard)

    monkeypatch.setattr(trajectories, "_write", cut)
    with pytest.raises(KeyboardInterrupt):
        teacher_trajectories(teacher, CAPTIONS, tmp_path, COUNT)
    [first] = tmp_path.rglob("*.npz")
    stamp = first.stat().st_mtime_ns
    monkeypatch.setattr(trajectories, "_write", write)
    again = teacher_trajectories(teacher, CAPTIONS, tmp_path, COUNT)
    assert first.stat().st_mtime_ns == stamp and len(list(tmp_path.rglob("*.npz"))) == 2
    for name in ("states", "texts", "scales"):
        assert np.array_equal(getattr(again, name), getattr(made, name))
    torch.manual_seed(5)
    teacher_trajectories(make_flow_pipeline(make_vae()), CAPTIONS, tmp_path, 1)
    assert len(list(tmp_path.iterdir())) == 2


def test_the_loss_is_that_of_a_plain_computation(teacher, student, made):
    """One segment after the other, through the pipeline's own encoding and packing."""
    chosen, steps = np.array([0, 1, 2, 1]), np.array([0, 7, 3, 5])
    levels = flow_levels(teacher, 8)
    errors = []
    for row, step in zip(chosen, steps, strict=True):
        wanted = (made.states[row, step + 1] - made.states[row, step]) / (levels[step + 1] - levels[step])
        text = str(made.texts[row, step])
        tokens, pooled, text_ids = student.encode_prompt(text, text, max_sequence_length=MAX_TOKENS)
        said = student.transformer(
            hidden_states=student._pack_latents(torch.from_numpy(made.states[row, step])[None], 1, 4, 16, 16),
            timestep=torch.tensor([levels[step]]),
            guidance=torch.tensor([made.scales[row]]),
            pooled_projections=pooled,
            encoder_hidden_states=tokens,
            txt_ids=text_ids,
            img_ids=student._prepare_latent_image_ids(1, 8, 8, "cpu", torch.float32),
            return_dict=False,
        )[0]
        got = student._unpack_latents(said, 64, 64, student.vae_scale_factor)[0].detach().numpy()
        errors.append(np.square(got - wanted).mean())
    loss = DistillationLoss(student, made, levels).on(chosen, steps)
    assert loss.item() == pytest.approx(np.mean(errors), rel=1e-4) and loss.requires_grad


def test_training_lowers_the_loss_and_resumed_is_uninterrupted(teacher, made, tmp_path, monkeypatch):
    monkeypatch.setattr(distilled, "BATCH", 4)
    monkeypatch.setattr(distilled, "teacher_trajectories", lambda *_: made)
    drawings = Drawings(np.empty(0, np.uint8), np.empty(0, np.float32), CAPTIONS, [])

    def trained(name: str, *stops: int | None) -> FluxPipeline:
        for stop in stops:
            torch.manual_seed(1)
            pipe = make_distilled_pipeline(teacher.vae)
            train_distilled(pipe, teacher, drawings, tmp_path, 8, name=name, learning_rate=3e-3, stop=stop)
        return pipe

    def loss(pipe: FluxPipeline) -> float:
        with torch.no_grad():
            rows, steps = np.divmod(np.arange(8 * COUNT), 8)
            return float(DistillationLoss(pipe, made, flow_levels(teacher, 8)).on(rows, steps))

    torch.manual_seed(1)
    before = loss(make_distilled_pipeline(teacher.vae))
    whole, resumed = trained("whole", None), trained("stopped", 3, None)
    assert loss(whole) < 0.9 * before
    for part in ("transformer", "text_encoder", "text_encoder_2"):
        wanted = getattr(whole, part).state_dict()
        for key, value in getattr(resumed, part).state_dict().items():
            assert torch.equal(value, wanted[key]), key


def test_a_saved_student_is_the_same_to_diffusers_and_to_the_family(student, tmp_path, monkeypatch):
    monkeypatch.setattr(training, "WEIGHTS", tmp_path)
    training._save(student, "distilled")
    folder = str(tmp_path / "distilled")
    one = cell(steps=8, g=1.0, embedded=4.0)
    check_pipeline(folder)
    check_embedded(folder, None, [one.embedded_guidance])
    model, pipe = load(folder, text_tokens=MAX_TOKENS), FluxPipeline.from_pretrained(folder, dtype=torch.float32)
    pipe.set_progress_bar_config(disable=True)
    for request, [got] in zip(requests(one), run(model, one), strict=True):
        options = {"width": request.width, "height": request.height, "num_inference_steps": 8, "guidance_scale": 4.0}
        generator = torch.Generator().manual_seed(SEED)
        latents = pipe(
            request.text, **options, max_sequence_length=MAX_TOKENS, generator=generator, output_type="latent"
        ).images
        latents = pipe._unpack_latents(latents, request.height, request.width, pipe.vae_scale_factor)
        assert same(got, latents[0])
        [picture] = model.decode(got[None], 1)
        wanted = pipe.vae.decode(latents / pipe.vae.config.scaling_factor + pipe.vae.config.shift_factor).sample
        shown = pipe.image_processor.postprocess(wanted.detach(), output_type="np")[0]
        assert np.abs(picture / 255 - shown).max() <= 1 / 255


def test_t5_has_one_token_for_each_of_the_worlds_words_and_characters_for_others(tmp_path):
    tokenizer = make_t5_tokenizer()
    tokenizer.save_pretrained(tmp_path)
    rng = np.random.default_rng(0)
    captions = {sample(rng).caption for _ in range(4000)}
    for words in (tokenizer, type(tokenizer).from_pretrained(tmp_path)):
        for caption in captions:
            pieces = caption.replace(",", " ,").replace(".", " .").split()
            ids = words(caption).input_ids
            assert len(ids) == len(pieces) + 1 <= MAX_TOKENS and words.unk_token_id not in ids, caption
        assert words.tokenize("a Zebra") == ["▁a", "▁", "Z", "e", "b", "r", "a"]


def test_a_missing_teacher_is_one_line_that_says_what_to_run(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(training, "WEIGHTS", tmp_path)
    assert training.main(["--stages", "distilled", "--folder", str(tmp_path / "folder")]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "run python -m miniature.training --stages flow" in said
    assert str(tmp_path / "flow") in said and not (tmp_path / "folder").exists()
