"""safesweep/vlm/base.py: what a backend's answers are identified by. Every option of every backend is either part of it or named here."""

import pytest
from ray.serve.config import AutoscalingConfig

from safesweep.vlm.backends import BACKENDS, parse_vlm

PICTURE, OTHER_PICTURE = "docs/dynamic_negative.png", "docs/shift_curve.png"
EXAMPLE = {"picture": PICTURE, "answer": "dagger", "question": "what?"}
WRITTEN = {
    "transformers": {"model": "m"},
    "openai": {"backend": "openai", "model": "m", "url": "http://x/v1"},
    "serve_llm": {"backend": "serve_llm", "model": "m"},
}
"""Of each backend that ships its least options."""
CHANGED = {
    "transformers": {
        "model": "n",
        "revision": "r",
        "mode": "score",
        "examples": [EXAMPLE],
        "processor_options": {"max_pixels": 7},
        "on_refusal": "nothing",
        "dtype": "bfloat16",
        "max_new_tokens": 65,
        "picture_size": 448,
    },
    "openai": {
        "model": "n",
        "revision": "r",
        "examples": [EXAMPLE],
        "processor_options": {"max_pixels": 7},
        "on_refusal": "nothing",
        "max_new_tokens": 65,
        "picture_size": 448,
        "max_tokens_field": "max_completion_tokens",
        "extra_body": {"temperature": 1},
        "structured": True,
    },
    "serve_llm": {
        "model": "n",
        "revision": "r",
        "examples": [EXAMPLE],
        "processor_options": {"max_pixels": 7},
        "on_refusal": "nothing",
        "dtype": "float16",
        "max_new_tokens": 65,
        "picture_size": 448,
        "max_tokens_field": "max_completion_tokens",
        "extra_body": {"temperature": 1},
        "structured": True,
        "engine_kwargs": {"quantization": "fp8"},
    },
}
"""Options that decide an answer, with another value than the default."""
GROWS = {"max_replicas": 3, "target_ongoing_requests": 5.0, "upscale_delay_s": 1.0, "downscale_delay_s": 2.0}
SAME = {
    "transformers": {
        "vocabularies": ("shapes.yaml",),
        "reuse_prefix": False,
        "device": "cuda",
        "replicas": 2,
        "num_gpus": 0.5,
        "threads": 2,
        "max_batch_size": 4,
        "batch_wait_s": 0.5,
        "max_ongoing_requests": 7,
        "max_queued_requests": 9,
        "timeout_s": 5.0,
        "tries": 2,
        "app": "other",
        "label_selector": {"role": "vlm"},
        **GROWS,
    },
    "serve_llm": {
        "vocabularies": ("shapes.yaml",),
        "replicas": 2,
        "num_gpus": 0.5,
        "tensor_parallel_size": 2,
        "accelerator_type": "A100",
        "max_batch_size": 4,
        "batch_wait_s": 0.5,
        "max_ongoing_requests": 7,
        "max_queued_requests": 9,
        "timeout_s": 5.0,
        "tries": 2,
        "app": "other",
        "label_selector": {"role": "vlm"},
        **GROWS,
    },
    "openai": {
        "url": "http://y/v1",
        "vocabularies": ("shapes.yaml",),
        "api_key_env": "KEY",
        "replicas": 2,
        "max_batch_size": 4,
        "max_ongoing_requests": 7,
        "timeout_s": 5.0,
        "tries": 2,
    },
}
"""Options that say where the model runs, how many copies of it there are and how patiently it is asked."""
OPTIONS = [(name, option) for name in WRITTEN for option in BACKENDS[name].model_fields if option != "backend"]


def named(model: str, revision: str | None) -> str:
    return f"{model}/{revision}"


def identity(written: dict) -> str:
    return parse_vlm(written).identity(named)


@pytest.mark.parametrize(("name", "option"), OPTIONS)
def test_every_option_decides_the_identity_or_is_named_as_one_that_does_not(name, option):
    assert (option in CHANGED[name]) != (option in SAME[name]), f"{name}.{option}: does it decide an answer?"
    value = {**CHANGED[name], **SAME[name]}[option]
    changed = {**WRITTEN[name], option: value}
    assert getattr(parse_vlm(changed), option) != getattr(parse_vlm(WRITTEN[name]), option)
    assert (identity(changed) != identity(WRITTEN[name])) == (option in CHANGED[name])


@pytest.mark.parametrize("name", WRITTEN)
def test_no_other_option_is_named(name):
    assert {"backend", *CHANGED[name], *SAME[name]} == set(BACKENDS[name].model_fields)


@pytest.mark.parametrize("name", WRITTEN)
@pytest.mark.parametrize("change", [{"picture": OTHER_PICTURE}, {"answer": "skull"}, {"question": None}])
def test_everything_of_an_example_decides_the_identity(name, change):
    one, other = ({**WRITTEN[name], "examples": [{**EXAMPLE, **part}]} for part in ({}, change))
    assert identity(one) != identity(other)


@pytest.mark.parametrize(
    ("written", "stands"),
    [
        ({"model": "m"}, ("55b630684d7f65cc", "m@m/None")),
        (
            {
                "model": "m",
                "revision": "r",
                "mode": "score",
                "dtype": "bfloat16",
                "picture_size": 448,
                "max_new_tokens": 12,
                "on_refusal": "nothing",
                "processor_options": {"max_pixels": 7},
            },
            ("48fa7be9a6c67d7a", "m@m/r"),
        ),
        (WRITTEN["openai"], ("f209a31c334141f7", "openai:m@unpinned")),
        (
            {
                **WRITTEN["openai"],
                "revision": "7b",
                "processor_options": {"max_pixels": 1},
                "picture_size": 8,
                "max_new_tokens": 3,
                "on_refusal": "nothing",
                "device": "cuda",
                "dtype": "bfloat16",
                "replicas": 3,
            },
            ("f492b12daddbe87f", "openai:m@7b"),
        ),
    ],
)
def test_identities_that_stand_in_lakes_are_those_of_today(written, stands):
    """Figures of the code before backends had files of their own."""
    vlm = parse_vlm(written)
    assert (vlm.identity(named), vlm.model_id(named)) == stands


def test_by_default_the_weights_files_are_hashed():
    vlm = parse_vlm({"model": "miniature/weights/vlm"})
    assert vlm.model_id().startswith("miniature/weights/vlm@")
    assert vlm.identity() == vlm.identity(lambda model, revision: vlm.model_id().partition("@")[2])


def test_a_pool_keeps_its_size_or_follows_the_queue_between_two():
    assert parse_vlm({"model": "m", "replicas": 2}).scaling() == {"num_replicas": 2}
    grows = parse_vlm({"model": "m", "replicas": 2, "max_replicas": 6, "max_batch_size": 8})
    [(option, bounds)] = grows.scaling().items()
    assert option == "autoscaling_config"
    checked = AutoscalingConfig(**bounds)
    assert (checked.min_replicas, checked.max_replicas, checked.target_ongoing_requests) == (2, 6, 16.0)
    own = parse_vlm({"model": "m", **GROWS}).scaling()["autoscaling_config"]
    assert {key: own[key] for key in own if key != "min_replicas"} == GROWS
    assert AutoscalingConfig(**own).upscale_delay_s == 1.0
    with pytest.raises(ValueError, match="max_replicas is 1; allowed: replicas, 2, or more"):
        parse_vlm({"model": "m", "replicas": 2, "max_replicas": 1})
