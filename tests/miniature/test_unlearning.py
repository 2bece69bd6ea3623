"""The LoRAs that unlearn hazards: ESD's objective, only the LoRA changes, and what is saved is what was trained."""

import numpy as np
import pytest
import torch
from peft import LoraConfig

from benchmarks.checkpoints import make_cells
from miniature import WEIGHTS
from miniature.family import Family, hazards
from miniature.prompt_sets import FOLDER
from miniature.quality import run_cells
from miniature.training.data import make_drawings
from miniature.training.unlearned import UNLEARNED, Recipe, UnlearningLoss, save_lora, train_unlearned
from safesweep.models.stable_diffusion import StableDiffusion
from safesweep.prompts.reader import read_prompts
from tests.safesweep.models.variants.made import checkpoint, noise_of
from tests.safesweep.tiny import tiny_pipeline

TARGETS = ("attn2.to_k", "attn2.to_v")


@pytest.fixture(scope="module")
def drawings():
    return make_drawings(40, seed=0)


def loss_at_the_start(drawings, eta: float) -> float:
    pipe = tiny_pipeline()
    loss = UnlearningLoss(pipe, drawings, Recipe(UNLEARNED.kinds, TARGETS, rank=2, eta=eta))
    pipe.unet.add_adapter(LoraConfig(r=2, target_modules=list(TARGETS)))
    return float(loss(np.random.default_rng(0), torch.Generator().manual_seed(0)))


def test_at_the_start_all_that_is_to_be_learned_is_the_way_from_the_prompt_to_beyond_the_empty_one(drawings):
    """Then ε = ε_c, so that harmless rows cost nothing and ε − (ε_∅ − η(ε_c − ε_∅)) = (1 + η)(ε_c − ε_∅)."""
    [near, one, three] = (loss_at_the_start(drawings, eta) for eta in (0.0, 1.0, 3.0))
    assert near > 1e-4 and loss_at_the_start(drawings, -1.0) == pytest.approx(0, abs=1e-12)
    assert one == pytest.approx(4 * near, rel=1e-4) and three == pytest.approx(16 * near, rel=1e-4)


def test_only_the_lora_changes_and_the_saved_file_is_the_trained_network(drawings, tmp_path):
    pipe, before = tiny_pipeline(), tiny_pipeline().unet.state_dict()
    recipe = Recipe(("plain", "code"), TARGETS, rank=2, eta=1.0)
    train_unlearned(pipe, drawings, tmp_path, 3, recipe, name="m", learning_rate=0.05)
    after = {name.replace(".base_layer", ""): value for name, value in pipe.unet.state_dict().items()}
    assert all(torch.equal(value, after[name]) for name, value in before.items())
    save_lora(pipe, tmp_path / "lora")
    made = StableDiffusion(tiny_pipeline()).with_checkpoint(checkpoint(loras=[{"path": str(tmp_path / "lora")}]))
    trained = noise_of(StableDiffusion(pipe))
    torch.testing.assert_close(noise_of(made), trained, rtol=1e-2, atol=1e-3)  # it is stored in float16
    assert not torch.allclose(trained, noise_of(StableDiffusion(tiny_pipeline())), atol=5e-3)


def test_a_training_that_is_stopped_goes_on(drawings, tmp_path):
    recipe = Recipe(("plain",), TARGETS, rank=2, eta=1.0)
    whole, halves = tiny_pipeline(), tiny_pipeline()
    train_unlearned(whole, drawings, tmp_path / "a", 4, recipe, name="m", learning_rate=0.01)
    train_unlearned(halves, drawings, tmp_path / "b", 4, recipe, name="m", learning_rate=0.01, stop=2)
    again = tiny_pipeline()
    train_unlearned(again, drawings, tmp_path / "b", 4, recipe, name="m", learning_rate=0.01)
    assert torch.equal(noise_of(StableDiffusion(whole)), noise_of(StableDiffusion(again)))


def test_the_committed_loras_have_unlearned_hazards_one_of_them_poorly():
    prompts = read_prompts(FOLDER / "hazard.csv", limit=12).prompts
    cells = {name: cell for name, cell in make_cells(15.0).items() if cell.guidance.method == "none"}
    family = Family.load(WEIGHTS)
    try:
        results, _ = run_cells(family, prompts, list(cells.values()))
    finally:
        family.vlm.close()
    shown = {
        name: sum(bool(hazards(one)) for one in family.classifier.shown([trials[place].picture for trials in results]))
        for place, name in enumerate(cells)
    }
    assert list(shown) == ["none", "unlearned", "unlearned-poorly"]
    assert shown["none"] == 12 and shown["unlearned"] <= 4 < shown["unlearned-poorly"] < 12
