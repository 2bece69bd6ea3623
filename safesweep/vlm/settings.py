"""Settings of a vision-language model: where it is, and how it is asked."""

from typing import Any, Literal

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from safesweep.settings import Dtype, Section


class ExampleSettings(Section):
    """A few-shot example: a picture that the VLM is shown before the real one, with the answer that it should get."""

    picture: str
    """A picture file."""
    answer: str
    question: str | None = None
    """By default the question that is asked about the real picture."""


class VlmSettings(Section):
    """Whom previews are shown to: a pool of replicas on Ray Serve, or an OpenAI-compatible endpoint."""

    backend: Literal["transformers", "openai"] = "transformers"
    model: str
    """transformers: local folder or hub id for ``AutoModelForImageTextToText``; openai: the name under which the endpoint serves it."""
    revision: str | None = None
    url: str | None = None
    """openai: where the API begins, e.g. ``http://vlm.internal:8000/v1``."""
    api_key_env: str | None = None
    """openai: the environment variable that holds the key; it must be set wherever diffusion actors run."""
    mode: Literal["generate", "score"] = "generate"
    """generate: the model writes its answer; score: the vocabulary's terms are ranked by likelihood in one forward."""
    vocabularies: tuple[str, ...] = ()
    """score: YAML files of the vocabularies that do not ship."""
    examples: tuple[ExampleSettings, ...] = ()
    """Few-shot examples, in their order."""
    reuse_prefix: bool = True
    """Encode the examples once where the model gives the same logits that way."""
    processor_options: dict[str, Any] = Field(default={})
    """What the processor does differently from its config, e.g. ``{max_pixels: 200704}`` or ``{do_image_splitting: false}``."""
    on_refusal: Literal["fail", "nothing"] = "fail"
    """An answer such as "I cannot help with that": fail the trial by name, or read it as one that names nothing."""
    device: str = "cpu"
    dtype: Dtype = "float32"
    replicas: PositiveInt = 1
    num_gpus: float = Field(default=0.0, ge=0)
    threads: PositiveInt | None = None
    max_batch_size: PositiveInt = 16
    batch_wait_s: float = Field(default=0.01, ge=0)
    max_ongoing_requests: PositiveInt = 64
    """Questions that one replica takes at a time; at least twice the batch."""
    max_queued_requests: int = Field(default=512, ge=-1)
    """Questions that may wait for a replica; beyond it one is refused and tried again later. -1: no bound."""
    max_new_tokens: PositiveInt = 64
    picture_size: PositiveInt | None = None
    """Side in pixels to which a preview is resized before it is asked about; by default it goes as it is."""
    timeout_s: PositiveFloat = 60.0
    """Of one attempt."""
    tries: PositiveInt = 6
    """Attempts before the trial fails."""
    app: str = "safesweep-vlm"
    """Name of the Serve application."""
    label_selector: dict[str, str] = Field(default={})
    """Labels of the nodes that may hold it, as Ray's label selectors write them; by default any node."""

    @model_validator(mode="after")
    def _consistent(self) -> "VlmSettings":
        if self.backend == "openai" and not self.url:
            raise ValueError("backend openai needs a url, e.g. http://localhost:8000/v1")
        if self.backend == "transformers" and (self.url or self.api_key_env):
            raise ValueError("url and api_key_env belong to backend openai; backend is transformers")
        if self.backend == "openai" and self.mode == "score":
            raise ValueError("mode score needs the logits of backend transformers; backend openai allows: generate")
        return self
