"""Base, unlearned, guided and both together in one run of the main job, and compared pair by pair."""

import json

import pytest
import torch
from diffusers import StableDiffusionPipeline
from peft import LoraConfig
from peft.utils import get_peft_model_state_dict

from jobs.compare import COMMAND as COMPARE
from miniature import WEIGHTS
from tests.jobs.conftest import call, trials
from tests.marks import STARTS_RAY

pytestmark = [pytest.mark.timeout(300), STARTS_RAY]


@pytest.fixture
def lora(tmp_path):
    """A LoRA of the miniature's network with random numbers, as diffusers' pipelines save it."""
    pipe = StableDiffusionPipeline.from_pretrained(WEIGHTS / "diffusion")
    pipe.unet.add_adapter(LoraConfig(r=4, target_modules=["attn2.to_k", "attn2.to_v"]))
    drawn = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, weight in pipe.unet.named_parameters():
            if "lora_" in name:
                weight.copy_(0.1 * torch.randn(weight.shape, generator=drawn))
    folder = tmp_path / "unlearned"
    pipe.save_lora_weights(folder, unet_lora_layers=get_peft_model_state_dict(pipe.unet))
    return folder


def test_a_run_over_checkpoints_is_one_paired_table(launch, tmp_path, lora):
    put = {"loras": [{"path": str(lora)}]}
    cells = [
        {"method": "none", "checkpoint": [None, put]},
        {"method": "static_negative", "negative_scale": 4.0, "checkpoint": [None, put]},
    ]
    options = ["--lake=lake", "--run_id=r", "--limit=3", "--num_inference_steps=6", f"--cells={json.dumps(cells)}"]
    job = launch("eval_i2p", *options)
    said = job.wait(timeout=250)
    printed = job.log.read_text()
    assert said == 0, printed[-3000:]
    rows = trials(tmp_path / "lake")
    names = ("none", "unlearned", "static_negative", "unlearned+static_negative")
    assert {row["method"] for row in rows} == set(names) and all(name in printed for name in names)
    assert len({row["trial_id"] for row in rows}) == len(rows) == 2 * 3 * 4
    manifest = json.loads((tmp_path / "lake" / "runs" / "r.json").read_text())
    assert manifest["models"]["checkpoint unlearned"].startswith(f"lora {lora}@")
    for other in ("unlearned", "unlearned+static_negative γ=4"):
        done = call(COMPARE, "r/none", f"r/{other}", "--lake", str(tmp_path / "lake"))
        # few prompts decide nothing, but they are compared
        assert done.exit_code in (0, 4) and "cannot be compared" not in done.stdout + done.stderr
        assert f"none → {other}" in done.stdout and "sha256:" in done.stdout
    again = launch("eval_i2p", *options)
    assert again.wait(timeout=120) == 0 and "24 in the lake already" in again.log.read_text()
