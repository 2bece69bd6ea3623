"""Arguments of the engine that tests give."""

from dataclasses import dataclass, field


@dataclass
class AsyncEngineArgs:
    dtype: str = "auto"
    tensor_parallel_size: int = 1
    pipeline_parallel_size: int = 1
    gpu_memory_utilization: float = 0.9
    limit_mm_per_prompt: dict = field(default_factory=dict)
    mm_processor_kwargs: dict = field(default_factory=dict)
    trust_remote_code: bool = False
    max_model_len: int = 0
