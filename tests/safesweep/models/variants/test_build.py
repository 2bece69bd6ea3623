"""A checkpoint's model predicts what diffusers' own loading of the same files predicts, and leaves the base as it was, bit for bit."""

from collections.abc import Iterator

import pytest
import torch
from peft import LoraConfig
from peft.utils import get_peft_model_state_dict
from safetensors.torch import save_file

from miniature import WEIGHTS
from safesweep.errors import InputError
from safesweep.models import load
from safesweep.models.sd3 import StableDiffusion3
from safesweep.models.stable_diffusion import StableDiffusion
from safesweep.models.variants.check import check_checkpoints
from tests.safesweep.models.variants.made import (
    NETWORKS,
    base_model,
    changed_pipeline,
    checkpoint,
    cross_attention,
    kohya_lora,
    lora_pipeline,
    noise_of,
    peft_lora,
    prefixed,
    save_lora,
)
from tests.safesweep.tiny import tiny_pipeline


@pytest.fixture(autouse=True)
def the_base_stays() -> Iterator[None]:
    weights = {name: value.clone() for name, value in base_model().network.state_dict().items()}
    before = noise_of(base_model())
    yield
    after = base_model().network.state_dict()
    assert weights.keys() == after.keys() and all(torch.equal(value, after[name]) for name, value in weights.items())
    assert torch.equal(noise_of(base_model()), before)


def test_a_lora_is_what_diffusers_own_loading_makes_of_it(tmp_path):
    made = base_model().with_checkpoint(checkpoint(loras=[{"path": str(save_lora(tmp_path)), "scale": 0.7}]))
    pipe = tiny_pipeline()
    pipe.load_lora_weights(str(tmp_path), adapter_name="one")
    pipe.set_adapters(["one"], [0.7])
    assert torch.equal(noise_of(made), noise_of(StableDiffusion(pipe)))
    assert not torch.allclose(noise_of(made), noise_of(base_model()), atol=1e-3)


def test_a_lora_at_scale_0_is_the_base_bit_for_bit(tmp_path):
    made = base_model().with_checkpoint(checkpoint(loras=[{"path": str(save_lora(tmp_path)), "scale": 0}]))
    assert torch.equal(noise_of(made), noise_of(base_model()))
    assert len(list(made.network.parameters())) > len(list(base_model().network.parameters()))


def test_all_layouts_of_a_lora_are_one_lora(tmp_path):
    trained = noise_of(StableDiffusion(lora_pipeline()))
    lora_pipeline().unet.save_lora_adapter(tmp_path / "bare")
    layouts = (
        save_lora(tmp_path / "diffusers"),
        kohya_lora(tmp_path / "kohya.safetensors"),
        peft_lora(tmp_path / "peft"),
        tmp_path / "bare",
    )
    for layout in layouts:
        made = base_model().with_checkpoint(checkpoint(loras=[{"path": str(layout)}]))
        torch.testing.assert_close(noise_of(made), trained, rtol=1e-5, atol=1e-6, msg=str(layout))


def test_several_loras_add_up(tmp_path):
    first, second = save_lora(tmp_path / "a", seed=3), save_lora(tmp_path / "b", seed=4)
    both = [{"path": str(first), "scale": 0.5}, {"path": str(second), "scale": -0.25}]
    made = base_model().with_checkpoint(checkpoint(loras=both))
    pipe = tiny_pipeline()
    pipe.load_lora_weights(str(first), adapter_name="a")
    pipe.load_lora_weights(str(second), adapter_name="b")
    pipe.set_adapters(["a", "b"], [0.5, -0.25])
    assert torch.equal(noise_of(made), noise_of(StableDiffusion(pipe)))


@pytest.mark.parametrize("layout", NETWORKS)
def test_a_network_is_loaded_from_every_layout(layout, tmp_path):
    other = changed_pipeline()
    state = other.unet.state_dict()
    file = NETWORKS[layout](tmp_path, state)
    wanted = tiny_pipeline()
    wanted.unet.load_state_dict(cross_attention(state) if "some" in layout else state, strict=False)
    made = base_model().with_checkpoint(checkpoint(network=file))
    assert torch.equal(noise_of(made), noise_of(StableDiffusion(wanted)))
    assert not torch.equal(noise_of(made), noise_of(base_model()))


def test_folders_that_diffusers_and_transformers_write_are_read(tmp_path):
    other = changed_pipeline()
    other.save_pretrained(tmp_path / "whole")
    other.unet.save_pretrained(tmp_path / "mace")
    for folder in (tmp_path / "whole", tmp_path / "mace"):
        wanted = tiny_pipeline()
        wanted.unet = other.unet
        made = base_model().with_checkpoint(checkpoint(network=folder))
        assert torch.equal(noise_of(made), noise_of(StableDiffusion(wanted)))
    wanted = tiny_pipeline()
    wanted.text_encoder = other.text_encoder
    for folder in (tmp_path / "whole", tmp_path / "whole" / "text_encoder"):
        made = base_model().with_checkpoint(checkpoint(text_encoder=folder))
        assert torch.equal(noise_of(made), noise_of(StableDiffusion(wanted)))


@pytest.mark.parametrize(
    "prefix", ["", "text_model.", "text_encoder.text_model.", "cond_stage_model.transformer.text_model."]
)
def test_a_text_encoder_is_loaded_from_a_state_dict(prefix, tmp_path):
    other = changed_pipeline()
    state = {name.removeprefix("text_model."): value for name, value in other.text_encoder.state_dict().items()}
    ids = {f"{prefix}embeddings.position_ids": torch.arange(4)[None]}
    torch.save({"state_dict": {**prefixed(prefix)(state), **ids}}, tmp_path / "advunlearn.pt")
    wanted = tiny_pipeline()
    wanted.text_encoder = other.text_encoder
    made = base_model().with_checkpoint(checkpoint(text_encoder=tmp_path / "advunlearn.pt"))
    assert torch.equal(noise_of(made), noise_of(StableDiffusion(wanted)))


def test_a_whole_model_takes_the_base_s_place_and_the_other_parts_are_put_on_it(tmp_path):
    other = changed_pipeline()
    other.save_pretrained(tmp_path / "other")
    lora = save_lora(tmp_path / "lora")
    made = base_model().with_checkpoint(checkpoint(model=tmp_path / "other"))
    assert torch.equal(noise_of(made), noise_of(StableDiffusion(other)))
    both = base_model().with_checkpoint(checkpoint(model=tmp_path / "other", loras=[{"path": str(lora)}]))
    other.load_lora_weights(str(lora))
    assert torch.equal(noise_of(both), noise_of(StableDiffusion(other)))


def test_what_a_checkpoint_leaves_alone_is_in_memory_once(tmp_path):
    made = base_model().with_checkpoint(checkpoint(loras=[{"path": str(save_lora(tmp_path))}]))
    own = {weight.data_ptr() for weight in base_model().network.parameters()}
    assert own <= {weight.data_ptr() for weight in made.network.parameters()}
    assert made._vae is base_model()._vae


def test_a_file_that_is_another_on_this_machine_is_refused(tmp_path):
    file = tmp_path / "x.safetensors"
    save_file({name: value.contiguous() for name, value in tiny_pipeline().unet.state_dict().items()}, file)
    named = checkpoint(network=file)
    save_file({name: value.contiguous() for name, value in changed_pipeline().unet.state_dict().items()}, file)
    with pytest.raises(InputError, match=r"its content is .* as where the run began"):
        base_model().with_checkpoint(named)


def test_a_flow_model_takes_them_too(tmp_path):
    """Stable Diffusion 3's class: its transformer has buffers among its weights, and its LoRAs no alphas beside them."""
    folder = str(WEIGHTS / "flow")
    base, pipe = load(folder), StableDiffusion3.read(folder, torch.float32, None)
    pipe.transformer.add_adapter(LoraConfig(r=2, lora_alpha=4, target_modules=["to_k", "to_v"]))
    with torch.no_grad():
        for name, weight in pipe.transformer.named_parameters():
            if "lora_" in name:
                weight.copy_(0.2 * torch.randn(weight.shape, generator=torch.Generator().manual_seed(len(name))))
    pipe.save_lora_weights(tmp_path, transformer_lora_layers=get_peft_model_state_dict(pipe.transformer))
    put = [checkpoint(loras=[{"path": str(tmp_path), "scale": scale}]) for scale in (0, 1)]
    put += [checkpoint(network=f"{folder}/transformer"), checkpoint(text_encoder=folder)]
    check_checkpoints(folder, None, put)

    def noise(model):
        latents = torch.randn(1, 4, 16, 16, generator=torch.Generator().manual_seed(5))
        return model.noise(latents, torch.tensor([500.0]), [model.embed("a red circle")])

    before = noise(base)
    equal = [torch.equal(noise(base.with_checkpoint(one)), before) for one in put]
    assert equal == [True, False, True, True] and torch.equal(noise(base), before)
