"""vlm.backend serve_llm: what is refused before a run, and settings that Ray's own LLMConfig takes; run by test_llm_pool.py."""

from types import SimpleNamespace

import pytest
import yaml
from pydantic import ValidationError
from ray.llm._internal.serve.core.configs.llm_config import LLMConfig

from pipelines.command_line import read_config
from safesweep.errors import InputError
from safesweep.files import ROOT
from safesweep.models.checkpoint import digest
from safesweep.vlm.backends import parse_vlm
from safesweep.vlm.backends.serve_llm import ENGINE_OPTIONS, IMMATERIAL, ServeLlmVlm
from safesweep.vlm.vocabulary import HarmVocabulary

MODEL = "miniature/weights/vlm"


def vlm(**options) -> ServeLlmVlm:
    return parse_vlm({"backend": "serve_llm", "model": MODEL, **options})


@pytest.fixture
def installed(monkeypatch):
    """As if vLLM were there; only whether it is found is asked before a run."""
    monkeypatch.setattr("safesweep.vlm.backends.serve_llm.find_spec", lambda name: name)


def test_without_vllm_it_is_refused_in_one_line_before_anything_is_read(monkeypatch):
    monkeypatch.setattr("safesweep.vlm.backends.serve_llm.find_spec", lambda name: None)
    with pytest.raises(InputError) as caught:
        vlm(model="nowhere").check()
    assert str(caught.value) == (
        "vlm.backend: serve_llm needs vLLM, which is not installed; allowed: `pip install 'safesweep[serve-llm]'` on every node, "
        "or backend transformers or openai"
    )


@pytest.mark.usefixtures("installed")
def test_the_model_and_the_questions_are_checked(tmp_path):
    vlm().check(["any question"])
    vlm(structured=True).check([HarmVocabulary.from_yaml("miniature").question()])
    with pytest.raises(InputError, match="no form is known for the answer to 'any question'"):
        vlm(structured=True).check(iter(["any question"]))
    with pytest.raises(InputError, match="model folder 'nowhere' does not exist"):
        vlm(model="nowhere").check()
    with pytest.raises(InputError, match="the model's config is missing"):
        vlm(model=str(tmp_path)).check()
    with pytest.raises(InputError, match=r"vlm.examples: no.png: no such file"):
        vlm(examples=[{"picture": "no.png", "answer": "x"}]).check()


def test_settings_are_those_of_rays_own_class():
    settings = vlm(
        replicas=2,
        max_replicas=4,
        tensor_parallel_size=2,
        accelerator_type="A100",
        max_queued_requests=99,
        label_selector={"role": "vlm"},
        processor_options={"max_pixels": 7},
        engine_kwargs={"max_model_len": 4096, "gpu_memory_utilization": 0.5},
    )
    config = LLMConfig(**settings.llm_config())
    assert config.model_loading_config.model_source == str(ROOT / MODEL)
    assert config.deployment_config["autoscaling_config"]["max_replicas"] == 4
    assert config.deployment_config["ray_actor_options"] == {"num_cpus": 0}
    assert config.deployment_config["max_queued_requests"] == 99
    assert config.placement_group_config == {"bundle_per_worker": {"GPU": 1.0}}
    engine = config.engine_kwargs
    assert (engine["tensor_parallel_size"], engine["max_model_len"], engine["dtype"]) == (2, 4096, "bfloat16")
    assert engine["gpu_memory_utilization"] == 0.5 and engine["trust_remote_code"] is False
    assert engine["mm_processor_kwargs"] == {"max_pixels": 7}
    assert LLMConfig(**vlm(replicas=3).llm_config()).deployment_config["num_replicas"] == 3
    with pytest.raises(ValidationError, match="Unsupported accelerator type: B1"):
        LLMConfig(**vlm(accelerator_type="B1").llm_config())


def test_a_share_of_a_card_fills_no_more_than_its_share():
    assert vlm(num_gpus=0.5).llm_config()["engine_kwargs"]["gpu_memory_utilization"] == 0.45
    assert vlm().llm_config()["engine_kwargs"]["gpu_memory_utilization"] == 0.9
    assert vlm(num_gpus=0.5, tensor_parallel_size=3, engine_kwargs={"pipeline_parallel_size": 2}).gpus == 3.0
    with pytest.raises(ValidationError, match="num_gpus"):
        vlm(num_gpus=0)
    with pytest.raises(ValidationError, match="num_gpus"):
        vlm(num_gpus=2)  # a card a worker: a larger copy has more workers


@pytest.mark.parametrize("name", ["trust_remote_code", "worker_cls", "chat_template", "max_model_length", "model"])
def test_no_argument_of_the_engine_runs_code(name):
    with pytest.raises(ValidationError, match=f"{name} may not be set by engine_kwargs; allowed: max_model_len"):
        vlm(engine_kwargs={name: True})
    with pytest.raises(ValidationError, match="quantization: numbers, true, false and words are allowed"):
        vlm(engine_kwargs={"quantization": "../code.py"})


def test_what_the_engine_is_told_decides_an_answer_or_says_how_much_at_a_time():
    assert set(IMMATERIAL) < set(ENGINE_OPTIONS)
    plain = vlm().identity()
    for name in ENGINE_OPTIONS:
        assert (vlm(engine_kwargs={name: 1}).identity() == plain) == (name in IMMATERIAL)
    assert plain != parse_vlm({"model": MODEL, "dtype": "bfloat16"}).identity()


def test_its_names():
    one = vlm(replicas=2)
    assert one.model_id() == f"{MODEL}@{digest(MODEL, None)}"
    assert one.described() == f"2 × {MODEL} by vLLM on Ray Serve"
    assert (one.pool, one.weights, one.writes, one.weighs) == (one, (MODEL, None), True, False)
    # a preset's options of a pool of transformers are left aside
    assert vlm(device="cuda", mode="generate", reuse_prefix=True) == vlm()


LARGE = sorted(
    path.stem
    for path in (ROOT / "jobs/presets").glob("*.yaml")
    if "Qwen2.5-VL" in str(yaml.safe_load(path.read_text()).get("vlm"))
)


@pytest.mark.parametrize("preset", LARGE)
def test_each_preset_with_a_large_vlm_has_what_it_takes(preset, monkeypatch):
    monkeypatch.setattr(
        "safesweep.vlm.backends.serve_llm.model_folder", lambda model, revision: SimpleNamespace(path=model)
    )
    for hardware in yaml.safe_load((ROOT / "jobs/presets" / f"{preset}.yaml").read_text())["hardware"]:
        found = read_config(["--preset", preset, "--hardware", hardware, "--vlm.backend=serve_llm"]).vlm
        assert isinstance(found, ServeLlmVlm) and found.engine_kwargs == {"max_model_len": 4096}
        config = LLMConfig(**found.llm_config())
        assert config.engine_kwargs["gpu_memory_utilization"] == pytest.approx(0.9 * found.num_gpus, abs=1e-3)


def test_presets_are_found():
    assert len(LARGE) >= 9
