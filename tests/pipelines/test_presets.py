"""The presets for real models: complete, valid on every hardware, and the reference ones tied to the papers' numbers.

The numbers below are those of the released code of VL-DNP (arXiv 2510.26052) and of the safe regions (arXiv 2505.15427).
"""

import re

import pytest
import torch

from pipelines.command_line import read_config
from safesweep.cli.presets import read_preset
from safesweep.errors import InputError
from safesweep.guidance.direction import Direction
from safesweep.guidance.edits.safree import Safree
from safesweep.guidance.methods.levels import nearest_steps
from safesweep.measures.profiles import get_profile
from safesweep.models import check_solvers
from safesweep.models.flux import Flux
from safesweep.models.sd3 import StableDiffusion3
from safesweep.models.solver import scheduler_from_name, solver_table
from safesweep.vlm.vocabulary import HarmVocabulary

NOISE = ("sd14", "sd14-reference", "responsible-reference", "sdxl")
FLOW = ("sd35-medium", "flux1-dev", "flux1-schnell", "qwen-image", "z-image")
REAL = (*NOISE, *FLOW)
HARDWARE = ("24gb", "80gb", "cluster")
TOO_LARGE = ("flux1-dev", "flux1-schnell", "qwen-image", "z-image")
"""For a card of 24 GB."""
ON = [(name, hardware) for name in REAL for hardware in HARDWARE if not (hardware == "24gb" and name in TOO_LARGE)]
SD14 = ("CompVis/stable-diffusion-v1-4", "133a221b8aa7292a167afc5127cb63fb5005638b")
SD14_SCHEDULE = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "steps_offset": 1}
COMMIT = re.compile(r"[0-9a-f]{40}")


def preset(name, hardware="80gb", *options):
    return read_config(["--preset", name, "--hardware", hardware, *options])


@pytest.fixture(autouse=True)
def direction(tmp_path, monkeypatch):
    """What discovery makes before the safe regions' preset can be run."""
    Direction("", "shift", (torch.zeros(77, 1), torch.ones(768, 1))).save(tmp_path / "directions" / "sd14-safety")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(("name", "hardware"), ON)
def test_each_is_complete_on_each_hardware(name, hardware):
    config = preset(name, hardware)
    assert config.expand_cells()
    assert get_profile(config.profile) and config.harm_vocabulary()
    assert COMMIT.fullmatch(config.diffusion.revision) and COMMIT.fullmatch(config.vlm.revision)
    assert config.diffusion.device == "cuda" and config.diffusion.num_gpus > 0
    written = read_preset(name, hardware).hardware["diffusion"]
    assert {"max_rows", "most_trajectories", "decode_batch", "num_gpus"} <= set(written)
    # three rows of one trajectory must go into one forward
    assert config.diffusion.max_rows >= 3 and config.diffusion.most_trajectories * 3 >= config.diffusion.max_rows
    if "vlm" in read_preset(name, hardware).hardware:
        assert config.vlm.num_gpus > 0 and config.vlm.max_ongoing_requests >= 2 * config.vlm.max_batch_size


@pytest.mark.parametrize(("name", "hardware"), [pair for pair in ON if pair[1] != "cluster"])
def test_one_card_is_shared_out_and_no_more_than_one(name, hardware):
    config = preset(name, hardware)
    shares = [stage.actors * stage.num_gpus for stage in (config.diffusion, config.safety, config.alignment)]
    assert sum(shares) + config.vlm.replicas * config.vlm.num_gpus == pytest.approx(1.0)
    on_gpu = any(scorer.device == "cuda" for scorer in config.alignment.scorers)
    assert on_gpu == (config.alignment.num_gpus > 0)


@pytest.mark.parametrize("name", TOO_LARGE)
def test_a_card_that_is_too_small_is_refused_by_name(name):
    with pytest.raises(InputError, match="'24gb'.*allowed: 80gb, cluster"):
        preset(name, "24gb")


@pytest.mark.parametrize("name", FLOW)
def test_flow_models_ask_at_the_papers_noise_levels(name):
    config = preset(name)
    table = solver_table(scheduler_from_name("DPMSolverMultistepScheduler", SD14_SCHEDULE), 50)
    [dynamic] = [cell.guidance for cell in config.expand_cells() if cell.method == "dynamic_negative"]
    assert nearest_steps(table.levels, dynamic.query_levels) == set(preset("sd14-reference").query_steps)
    assert config.size_multiple == 16 and config.width % 16 == config.height % 16 == 0
    assert all(cell.solver == "FlowMatchEulerDiscreteScheduler" for cell in config.expand_cells())
    distilled = {"flux1-dev": 3.5}.get(name)
    assert {cell.embedded_guidance for cell in config.expand_cells()} == {distilled}


@pytest.mark.parametrize(
    ("name", "family", "guidance", "steps"), [("flow", StableDiffusion3, 4.0, 20), ("distilled", Flux, 1.0, 8)]
)
def test_the_miniatures_flow_models_are_asked_about_the_same_prompts_at_the_same_noise_levels(
    name, family, guidance, steps
):
    config, default = read_config(["--preset", f"miniature-{name}"]), read_config(["--preset", "miniature"])
    assert config.vlm == default.vlm.model_copy(update={"model": "miniature/weights/vlm-flow"})
    for part in ("prompts", "vocabulary", "profile", "safety", "alignment", "width", "height", "limit"):
        assert getattr(config, part) == getattr(default, part), part
    cells = config.expand_cells()
    assert [(cell.method, cell.guidance.model_dump().get("remember")) for cell in cells] == [
        (cell.method, cell.guidance.model_dump().get("remember")) for cell in default.expand_cells()
    ]
    assert {cell.embedded_guidance for cell in cells} == {4.0 if name == "distilled" else None}
    assert config.guidance_cap == (1.0 if name == "distilled" else None), "the prompts' rows ask for 4"
    assert config.guidance_scale == guidance and {cell.num_inference_steps for cell in cells} == {steps}
    [levels] = {cell.guidance.query_levels for cell in cells if cell.method == "dynamic_negative"}
    solver = (default.solver, default.num_inference_steps)
    [asked] = check_solvers(default.diffusion.model, None, [solver], [(64, 64)]).values()
    assert nearest_steps(asked, levels) == set(default.query_steps[1:]), (
        "all but the first, at which its previews show little"
    )
    own = family.table_for({"shift": 3.0, "num_train_timesteps": 1000}, config.solver, steps, tokens=64).levels
    assert len(nearest_steps(own, levels)) >= 5 and max(nearest_steps(own, levels)) < steps
    assert config.diffusion.model == f"miniature/weights/{name}" and config.size_multiple == family.SIDE


@pytest.mark.parametrize("name", REAL)
def test_a_revision_and_a_folder_are_options(name, tmp_path):
    config = preset(name, "80gb", "--diffusion.revision", "main", "--vlm.model", str(tmp_path))
    assert (config.diffusion.revision, config.vlm.model) == ("main", str(tmp_path))


def test_vl_dnps_reference_has_the_released_settings():
    config = preset("sd14-reference")
    assert (config.diffusion.model, config.diffusion.revision) == SD14
    assert (config.solver, config.num_inference_steps) == ("DPMSolverMultistepScheduler", 50)
    assert (config.width, config.height, config.row_sizes) == (512, 512, False)
    assert config.diffusion.dtype == "float32"
    assert config.query_steps == (5, 6, 7, 9, 12, 16, 21, 27, 34, 42)
    assert config.vlm.model == "Qwen/Qwen2.5-VL-7B-Instruct"
    assert (config.vlm.max_new_tokens, config.vlm.picture_size) == (64, 448)
    assert (config.guidance_scale, config.guidance_cap, config.seed, config.samples_per_prompt) == (7.5, None, 1, 1)
    cells = config.expand_cells()
    scales = {
        method: {cell.negative_scale for cell in cells if cell.method == method}
        for method in ("none", "static_negative", "dynamic_negative")
    }
    [safree] = [cell.edit for cell in cells if cell.method == "safree"]
    assert (
        isinstance(safree, Safree) and safree.concepts_as_empty and len(safree.concepts) == 17 and safree.alpha == 0.01
    )
    assert scales == {"none": {None}, "static_negative": {7.5, 15, 20}, "dynamic_negative": {7.5, 15, 20}}
    assert all(cell.guidance_scale is None for cell in cells), "g is the prompt row's own"
    asking = [cell.guidance for cell in cells if cell.method == "dynamic_negative"]
    assert all(guidance.query_steps == config.query_steps for guidance in asking)
    static = {cell.guidance.negative_prompt for cell in cells if cell.method == "static_negative"}
    assert static == {", ".join(safree.concepts)}
    assert [file.columns for file in config.prompts] == [{"seed": None}, {}]


def test_vl_dnps_vocabulary_is_the_released_question_its_parts_in_order_and_its_negative():
    vocabulary = HarmVocabulary.from_yaml(preset("sd14-reference").vocabulary)
    parts = "female genitalia, buttocks, female breast, male breast, anus, feet, belly, armpits, male genitalia"
    asked = f'Which of the following bare human body parts can you spot in the image? "{parts}”'
    assert vocabulary.question() == asked
    assert ", ".join(vocabulary.all_terms()) == parts
    # the vocabulary's order, whatever the answer's
    found = vocabulary.parse("I can spot feet, male breast and female breasts.")
    assert vocabulary.negative_prompt(found) == "Nudity, Sexual, female breast, male breast, feet."
    # as their demonstrations answer, one of them misspelt; "cannot spot any" is no finding
    assert vocabulary.parse("female breast, butoocks, belly, feet.") == ("female breast", "feet", "belly")
    assert vocabulary.parse(vocabulary.nothing) == ()


def test_i2ps_seeds_are_left_aside_as_vl_dnps_loader_does(tmp_path):
    """I2P's own file in its own columns, harmless texts: every text starts from seed 1, g is the row's."""
    path = tmp_path / "i2p.csv"
    path.write_text("prompt,sd_seed,sd_guidance_scale\na red kite,3868,9.5\na blue kite,77,7\n")
    file = preset("sd14-reference").prompts[0].model_copy(update={"path": str(path)})
    [(prompts, _)] = file.read(default_seed=1)
    assert [(prompt.seed, prompt.guidance_scale) for prompt in prompts] == [(1, 9.5), (1, 7.0)]


def test_the_safe_regions_reference_has_the_released_settings():
    config = preset("responsible-reference")
    assert (config.diffusion.model, config.diffusion.revision) == SD14
    assert (config.solver, config.num_inference_steps) == ("LMSDiscreteScheduler", 50)
    assert (config.width, config.height, config.row_sizes) == (512, 512, False)
    assert config.guidance_scale == 7.5 and config.diffusion.dtype == "float32"
    plain, shifted = config.expand_cells()
    assert (plain.method, plain.edit, shifted.method) == ("none", None, "safe_region")
    # the 15th step, counted from 1
    assert (shifted.edit.strength, shifted.edit.start_step) == (1.0, 15 - 1)
    assert shifted.edit.direction.kind == "shift" and shifted.edit.direction.rank == 1
    assert config.profile == "nudenet-6@0.5"
    assert [(file.name, file.limit) for file in config.prompts if not file.benign] == [("i2p", None)]


def test_sld_runs_at_its_authors_settings():
    found = {cell.guidance.preset: cell.guidance for cell in preset("sd14").expand_cells() if cell.method == "sld"}
    numbers = {
        name: (
            sld.warmup_steps,
            sld.safety_scale,
            sld.threshold,
            sld.momentum_scale,
            sld.momentum_beta,
        )
        for name, sld in found.items()
    }
    assert numbers == {"medium": (10, 1000, 0.01, 0.3, 0.4), "strong": (7, 2000, 0.025, 0.5, 0.7)}


@pytest.mark.parametrize("name", REAL)
def test_hardware_is_chosen_by_name_and_the_first_is_the_default(name):
    first = "80gb" if name in ("sd14-reference", *TOO_LARGE) else "24gb"
    assert read_config(["--preset", name]).model_dump() == preset(name, first).model_dump()
    assert read_config(["--preset", name]).model_dump() != preset(name, "cluster").model_dump()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--preset", "sd14", "--hardware", "80g"],
            "--hardware: sd14.yaml has no '80g'; allowed: 24gb, 80gb, cluster; did",
        ),
        (["--preset", "miniature", "--hardware", "80gb"], "miniature.yaml has no '80gb'; the preset has no section"),
    ],
)
def test_an_unknown_hardware_is_refused_with_what_there_is(arguments, message):
    with pytest.raises(InputError, match=message):
        read_config(arguments)


@pytest.mark.parametrize(
    "written", ["hardware: [24gb]", "hardware: {24gb: 3}", "hardware: {24gb: {diffusion: {max_row: 3}}}"]
)
def test_a_mistake_in_a_hardware_section_is_named(written, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text((read_preset("miniature").path).read_text() + written + "\n")
    with pytest.raises(InputError, match=r"mine.yaml.*(hardware|diffusion.max_row: unknown key)"):
        read_config(["--preset", str(path)])
