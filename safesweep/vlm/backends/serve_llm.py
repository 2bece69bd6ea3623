"""A vision-language model on Ray Serve's own LLM deployment (``ray.serve.llm``): vLLM with continuous batching, in a pool of the run's own.

Written against Ray 2.60. ``actors/llm_pool.py`` starts it; this file imports neither Ray nor vLLM.
"""

from collections.abc import Iterable
from importlib.util import find_spec
from typing import Any, Literal

from pydantic import Field, PositiveInt, field_validator

from safesweep.errors import InputError, did_you_mean
from safesweep.models.checkpoint import check_transformers, digest, model_folder
from safesweep.settings import Dtype, is_none
from safesweep.vlm.base import DigestOf, ServedVlm
from safesweep.vlm.chat_request import RequestVlm
from safesweep.vlm.processor_files import check_processor
from safesweep.vlm.processor_options import plain

ENGINE = "vllm"
SERVED_AS = "safesweep-vlm"
"""The model's name in requests."""
ENGINE_OPTIONS = (
    *("max_model_len", "max_num_seqs", "max_num_batched_tokens", "gpu_memory_utilization", "limit_mm_per_prompt"),
    *("enable_prefix_caching", "enable_chunked_prefill", "enforce_eager", "kv_cache_dtype", "quantization", "seed"),
    *("pipeline_parallel_size", "swap_space", "cpu_offload_gb", "mm_processor_cache_gb", "block_size"),
)
"""Arguments of vLLM's engine that change numbers alone: a preset is data, and no option of it runs code or fetches anything."""
IMMATERIAL = (
    *("max_num_seqs", "max_num_batched_tokens", "gpu_memory_utilization", "swap_space", "cpu_offload_gb"),
    *("mm_processor_cache_gb", "block_size", "pipeline_parallel_size", "limit_mm_per_prompt"),
)
"""Of ``engine_kwargs`` those that say how much runs at a time and where."""
MEMORY = 0.9
"""Share of what a copy takes of a card that vLLM fills, unless the settings say otherwise."""


class ServeLlmVlm(RequestVlm, ServedVlm):
    """A folder's or a cached hub id's model, served by vLLM."""

    backend: Literal["serve_llm"] = "serve_llm"
    """Who answers: transformers (a pool of one's own), serve_llm (one of vLLM), openai (somebody else's endpoint), or a plugin's."""
    model: str
    """Local folder or hub id, of a class that vLLM knows."""
    revision: str | None = None
    """Of a hub id."""
    dtype: Dtype = "bfloat16"
    """Type of its weights."""
    num_gpus: float = Field(default=1.0, gt=0, le=1)
    """GPUs that one worker of a copy takes; a share of one is allowed."""
    tensor_parallel_size: PositiveInt = 1
    """Workers, of ``num_gpus`` each, that one copy is spread over."""
    accelerator_type: str | None = Field(default=None, exclude_if=is_none)
    """Kind of GPU, as Ray names it, e.g. A100; by default any."""
    engine_kwargs: dict[str, Any] = Field(default={})
    """Further arguments of vLLM's engine, e.g. ``{max_model_len: 4096, max_num_seqs: 64}``."""

    @field_validator("engine_kwargs")
    @classmethod
    def _change_numbers_alone(cls, options: dict[str, Any]) -> dict[str, Any]:
        for name, value in options.items():
            if not plain(value):
                raise ValueError(f"{name}: numbers, true, false and words are allowed, in lists and mappings")
            if name not in ENGINE_OPTIONS:
                raise ValueError(
                    f"{name} may not be set by engine_kwargs; allowed: {', '.join(ENGINE_OPTIONS)}{did_you_mean(name, ENGINE_OPTIONS)}"
                )
        return options

    def check(self, questions: Iterable[str] = ()) -> None:
        """That vLLM is installed, the examples' pictures, a form for the answer to every question, and the model's files.

        Raises ``InputError``.
        """
        if find_spec(ENGINE) is None:
            raise InputError(
                "vlm.backend: serve_llm needs vLLM, which is not installed; allowed: `pip install 'safesweep[serve-llm]'` on every node, "
                "or backend transformers or openai"
            )
        super().check(questions)
        self.check_forms(tuple(questions))
        check_transformers(self.model, "tokenizer_config.json", revision=self.revision)
        check_processor(model_folder(self.model, self.revision), self.processor_options)

    def model_id(self, digest_of: DigestOf = digest) -> str:
        """ "folder@digest". Raises ``InputError`` for a model that is not on this machine."""
        return f"{self.model}@{digest_of(self.model, self.revision)}"

    def deciding(self, digest_of: DigestOf = digest) -> dict[str, Any]:
        """The weights, the engine and its arguments, and the conversation: vLLM's answers are not those of transformers to the word."""
        return {
            "weights": digest_of(self.model, self.revision),
            "dtype": self.dtype,
            "mode": "generate",
            "engine": ENGINE,
            "engine_kwargs": {name: value for name, value in self.engine_kwargs.items() if name not in IMMATERIAL},
            **self.conversation(),
            **self.asked_for(),
        }

    def described(self) -> str:
        """Copies and model."""
        return f"{self.replicas} × {self.model} by vLLM on Ray Serve"

    @property
    def weights(self) -> tuple[str, str | None]:
        """Folder, or hub id and revision."""
        return self.model, self.revision

    @property
    def gpus(self) -> float:
        """Those of all workers of a copy."""
        return self.num_gpus * self.tensor_parallel_size * int(self.engine_kwargs.get("pipeline_parallel_size", 1))

    def llm_config(self) -> dict[str, Any]:
        """The arguments of ``ray.serve.llm.LLMConfig``. Raises ``InputError`` when the model is not on this machine."""
        deployment = {
            **self.scaling(),
            "max_ongoing_requests": self.max_ongoing_requests,
            "max_queued_requests": self.max_queued_requests,
            # the engine's workers hold the GPUs; a replica that held a CPU could starve the data pipeline for ever
            "ray_actor_options": {"num_cpus": 0},
        }
        engine: dict[str, Any] = {
            "dtype": self.dtype,
            "tensor_parallel_size": self.tensor_parallel_size,
            "gpu_memory_utilization": round(MEMORY * min(1.0, self.num_gpus), 3),
            "limit_mm_per_prompt": {"image": 1 + len(self.examples)},
            "trust_remote_code": False,
        }
        if self.processor_options:
            engine["mm_processor_kwargs"] = self.processor_options
        return {
            "model_loading_config": {
                "model_id": SERVED_AS,
                "model_source": str(model_folder(self.model, self.revision).path),
            },
            "accelerator_type": self.accelerator_type,
            "engine_kwargs": {**engine, **self.engine_kwargs},
            "placement_group_config": {"bundle_per_worker": {"GPU": self.num_gpus}},
            "deployment_config": deployment,
        }
