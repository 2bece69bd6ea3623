"""Model folders and the hub's cache: what is missing is named, and how to fetch it; the network is never asked."""

import json
import re
import shutil
from pathlib import Path

import open_clip
import pytest
from diffusers import EDMDPMSolverMultistepScheduler
from huggingface_hub import constants

from safesweep.errors import InputError
from safesweep.files import ROOT
from safesweep.models import check_pipeline
from safesweep.models import load as load_model
from safesweep.models.checkpoint import check_open_clip, check_transformers, digest, model_folder
from safesweep.models.stable_diffusion import StableDiffusion
from tests.random_models import random_sdxl

MAIN, PINNED = "a" * 40, "b" * 40
PIPELINE = ROOT / "miniature" / "weights" / "diffusion"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def cached(cache: Path, hub_id: str, source: Path, *revisions: str) -> Path:
    """Lays ``source`` into the cache as ``hub_id`` at each of the revisions, "main" the first."""
    home = cache / f"models--{hub_id.replace('/', '--')}"
    for revision in revisions:
        shutil.copytree(source, home / "snapshots" / revision)
    (home / "refs").mkdir()
    (home / "refs" / "main").write_text(revisions[0])
    return home / "snapshots"


def test_a_hub_id_is_found_in_the_cache_at_its_revision(cache):
    snapshots = cached(cache, "owner/sd", PIPELINE, MAIN, PINNED)
    check_pipeline("owner/sd")
    check_pipeline("owner/sd", PINNED)
    assert model_folder("owner/sd").path == snapshots / MAIN
    assert model_folder("owner/sd", PINNED).path == snapshots / PINNED
    assert (digest("owner/sd"), digest("owner/sd", PINNED)) == (MAIN[:16], PINNED[:16])


def test_a_hub_id_that_is_not_in_the_cache_says_how_to_fetch_it(cache):
    with pytest.raises(
        InputError, match=rf"'owner/absent' at revision {PINNED} is neither .* cache {cache}; fetch it"
    ) as caught:
        check_pipeline("owner/absent", PINNED)
    assert f"`hf download owner/absent --revision {PINNED}`" in str(caught.value)


@pytest.mark.parametrize(
    ("gone", "problem", "command"),
    [
        (
            "unet/diffusion_pytorch_model.safetensors",
            "the weights are missing",
            '--revision REV --include "unet/*.safetensors"`',
        ),
        ("vae/config.json", "no vae/config.json", "hf download owner/sd --revision REV vae/config.json"),
        ("scheduler/scheduler_config.json", "the scheduler's config is missing", "scheduler/scheduler_config.json`"),
        ("tokenizer/tokenizer_config.json", "the tokenizer's config is missing", "tokenizer/tokenizer_config.json`"),
        ("model_index.json", "the pipeline's index is missing", "hf download owner/sd --revision REV model_index.json"),
    ],
)
def test_a_file_missing_from_a_snapshot_is_named_with_its_command(cache, gone, problem, command):
    snapshots = cached(cache, "owner/sd", PIPELINE, PINNED)
    (snapshots / PINNED / gone).unlink()
    with pytest.raises(InputError) as caught:
        check_pipeline("owner/sd", PINNED)
    assert problem in str(caught.value) and command.replace("REV", PINNED) in str(caught.value)


def test_a_variant_of_the_weights_does_not_stand_in_for_them(tmp_path):
    folder = shutil.copytree(PIPELINE, tmp_path / "model")
    unet = folder / "unet"
    (unet / "diffusion_pytorch_model.safetensors").rename(unet / "diffusion_pytorch_model.fp16.safetensors")
    with pytest.raises(InputError, match=rf"{folder}: the weights are missing; allowed: unet/\*.safetensors"):
        check_pipeline(str(folder))


def test_every_part_of_split_weights_must_be_there(tmp_path):
    folder = shutil.copytree(ROOT / "miniature" / "weights" / "vlm", tmp_path / "vlm")
    (folder / "model.safetensors").rename(folder / "model-00001-of-00002.safetensors")
    parts = {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": parts}))
    with pytest.raises(InputError, match=r"a part of the weights is missing: no model-00002-of-00002.safetensors"):
        check_transformers(str(folder))
    shutil.copy(folder / parts["a"], folder / parts["b"])
    check_transformers(str(folder), "tokenizer_config.json")


def test_whole_weights_do_beside_an_index_of_another_format(tmp_path):
    folder = shutil.copytree(ROOT / "miniature" / "weights" / "vlm", tmp_path / "vlm")
    (folder / "pytorch_model.bin.index.json").write_text(json.dumps({"weight_map": {"a": "pytorch_model-1.bin"}}))
    check_transformers(str(folder))


@pytest.fixture(scope="module")
def sdxl(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("sdxl")
    random_sdxl().save_pretrained(folder)
    return folder


def change(folder: Path, name: str, **values) -> None:
    """Changes keys of a JSON file."""
    config = json.loads((folder / name).read_text())
    (folder / name).write_text(json.dumps({**config, **values}))


@pytest.mark.parametrize("length", [None, int(1e30), 1e30, "77", 77.0, 0, -1, 1_000_001])
def test_a_tokenizer_that_does_not_say_how_long_a_text_may_be_is_refused(tmp_path, length):
    folder = shutil.copytree(PIPELINE, tmp_path / "model")
    config = folder / "tokenizer" / "tokenizer_config.json"
    whole = json.loads(config.read_text())
    left = {key: value for key, value in whole.items() if key != "model_max_length"}
    config.write_text(json.dumps(left if length is None else {**left, "model_max_length": length}))
    said = rf"{config}: model_max_length is .*; allowed: the tokens that the text encoder takes, e.g. 77$"
    with pytest.raises(InputError, match=said):
        check_pipeline(str(folder))
    change(folder, "tokenizer/tokenizer_config.json", model_max_length=77)
    check_pipeline(str(folder))


def test_sdxl_needs_its_second_text_encoder(sdxl, tmp_path):
    folder = shutil.copytree(sdxl, tmp_path / "xl")
    check_pipeline(str(folder))
    (folder / "tokenizer_2" / "tokenizer_config.json").unlink()
    with pytest.raises(InputError, match="no tokenizer_2/tokenizer_config.json"):
        check_pipeline(str(folder))
    shutil.rmtree(folder / "text_encoder_2")
    with pytest.raises(InputError, match="component 'text_encoder_2' is missing"):
        check_pipeline(str(folder))
    change(folder, "model_index.json", text_encoder_2=[None, None])
    with pytest.raises(InputError, match="component 'text_encoder_2' is not named; needed: .*, tokenizer_2"):
        check_pipeline(str(folder))


@pytest.mark.parametrize(
    ("part", "key", "value", "message"),
    [
        ("unet", "addition_embed_type", None, r"addition_embed_type is None; allowed: 'text_time' \(SDXL's\)"),
        ("unet", "time_cond_proj_dim", 256, r"time_cond_proj_dim is 256; allowed: None \(a network distilled"),
        ("text_encoder", "hidden_size", 20, r"cross_attention_dim is 40; allowed: 44 \(the joined width of both"),
        ("text_encoder_2", "projection_dim", 8, r"projection_class_embeddings_input_dim is 72; allowed: 56 \("),
    ],
)
def test_components_of_sdxl_that_do_not_fit_together_are_named(sdxl, tmp_path, part, key, value, message):
    folder = shutil.copytree(sdxl, tmp_path / "xl")
    change(folder, f"{part}/config.json", **{key: value})
    with pytest.raises(InputError, match=f"{folder}/unet/config.json: {message}"):
        check_pipeline(str(folder))


def test_a_noise_schedule_without_betas_is_refused(sdxl, tmp_path):
    folder = shutil.copytree(sdxl, tmp_path / "xl")
    EDMDPMSolverMultistepScheduler().save_pretrained(folder / "scheduler")
    with pytest.raises(InputError, match="scheduler_config.json: EDMDPMSolverMultistepScheduler has no beta_schedule"):
        check_pipeline(str(folder))


def test_a_pipeline_with_safe_latent_diffusion_is_read_as_the_plain_one(tmp_path):
    folder = shutil.copytree(PIPELINE, tmp_path / "safe")
    change(folder, "model_index.json", _class_name="StableDiffusionPipelineSafe", safety_concept="anything")
    check_pipeline(str(folder))
    assert type(load_model(str(folder))) is StableDiffusion


def test_open_clips_weights_are_looked_for_in_the_cache(cache):
    with pytest.raises(InputError, match="'timm/vit_base_patch32_clip_224.openai' is neither a folder nor"):
        check_open_clip("ViT-B-32-quickgelu", "openai")
    with pytest.raises(InputError, match="has no weights 'opnai'; allowed: .*did you mean 'openai'"):
        check_open_clip("ViT-B-32-quickgelu", "opnai")
    with pytest.raises(InputError, match="has no weights None"):
        check_open_clip("ViT-B-32-quickgelu")
    source = ROOT / "miniature" / "weights" / "clip"
    cached(cache, "timm/vit_base_patch32_clip_224.openai", source, MAIN)
    check_open_clip("ViT-B-32-quickgelu", "openai")
    cached(cache, "owner/clip", source, MAIN)
    check_open_clip("hf-hub:owner/clip")
    check_open_clip("ViT-B-32-quickgelu", str(source / "open_clip_model.safetensors"))


def test_open_clip_weights_on_the_wrong_activation_are_refused_with_the_right_name():
    with pytest.raises(
        InputError, match="'openai' were trained with QuickGELU, model 'ViT-B-32' computes GELU; allowed:"
    ):
        check_open_clip("ViT-B-32", "openai")
    refused = set()
    for model, tag in open_clip.list_pretrained():
        with pytest.raises(InputError) as error:  # none of them is in this cache
            check_open_clip(model, tag)
        found = re.search("were trained with .*; allowed: model '(.*)'", str(error.value))
        if found:
            refused.add((model, tag))
            assert open_clip.get_model_config(found[1])["quick_gelu"]
            assert (found[1], tag) in open_clip.list_pretrained()
    assert len(refused) >= 20


@pytest.mark.parametrize(
    ("name", "change"),
    [
        (
            "open_clip_config.json",
            lambda config: config["model_cfg"]["text_cfg"].update(tokenizer_kwargs={"trust_remote_code": True}),
        ),
        ("tokenizer_config.json", lambda config: config.update(auto_map={"AutoTokenizer": ["evil.Evil", None]})),
    ],
)
def test_a_clips_folder_that_brings_code_is_refused(tmp_path, name, change):
    """open_clip would hand it on to transformers."""
    folder = shutil.copytree(ROOT / "miniature" / "weights" / "clip", tmp_path / "clip")
    check_open_clip(f"local-dir:{folder}")
    config = json.loads((folder / name).read_text())
    change(config)
    (folder / name).write_text(json.dumps(config))
    with pytest.raises(InputError, match=f"{name}: .*brings code of its own, which is never run"):
        check_open_clip(f"local-dir:{folder}")
