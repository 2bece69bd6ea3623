"""Settings of the actors: typed sections of a run's configuration."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt, model_validator

Dtype = Literal["float32", "float16", "bfloat16"]


class Section(BaseModel):
    """A part of the configuration: frozen, unknown keys refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DiffusionSettings(Section):
    """The diffusion actors."""

    model: str
    """Local folder or hub id of a Stable Diffusion 1.x/2.x pipeline."""
    revision: str | None = None
    device: str = "cpu"
    dtype: Dtype = "float32"
    max_rows: PositiveInt = 32
    """Network rows of one forward."""
    max_trajectories: PositiveInt | None = None
    """Trajectories in flight in one actor; by default worked out as it runs, by Little's law: rows a forward × (1 + VLM time ×
    questions / denoising time) keeps it busy."""
    most_trajectories: PositiveInt = 512
    """What that law may ask for at most."""
    reproducible: bool = False
    """Pad every forward to one shape: pictures are then bitwise independent of what shared the batch."""
    decode_batch: PositiveInt = 16
    """Latents decoded together."""
    preview_decoder: str | None = None
    """Folder or hub id of an ``AutoencoderTiny`` that decodes previews; by default the pipeline's own decoder does."""
    autocast: Dtype | None = None
    """Run the network's matrix products in this type while its weights stay in ``dtype``."""
    compile_mode: Literal["default", "reduce-overhead", "max-autotune"] | None = None
    """Compile the network with torch.compile; with ``reproducible`` there is one batch shape to compile for, else a few."""
    trace_ticks: int = Field(default=0, ge=0)
    """Write a Chrome trace of each actor's first so many ticks into the lake's runs folder, if that is a local folder."""
    actors: PositiveInt = 1
    num_cpus: float = Field(default=1.0, ge=0)
    num_gpus: float = Field(default=0.0, ge=0)
    threads: PositiveInt | None = None
    """torch threads of an actor; by default torch's own choice."""
    concurrent_calls: int = Field(default=4, ge=2)
    """Blocks in flight in one actor: with one the engine would drain at the end of every block."""
    label_selector: dict[str, str] = {}
    """Labels of the nodes that may hold it, as Ray's label selectors write them; by default any node."""


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
    processor_options: dict[str, Any] = {}
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
    label_selector: dict[str, str] = {}
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


class ScorerSettings(Section):
    """One scorer of pictures; docs/scorers.md says which of the options belong to which kind."""

    kind: Literal["classifier", "nudenet", "nudenet-v0", "clip", "attribute", "q16", "safety_checker", "judge"]
    name: str | None = None
    """Name in the evidence; by default the kind."""
    model: str | None = None
    """classifier, safety_checker: folder or hub id; clip, attribute, q16: an open_clip name or ``local-dir:FOLDER``; nudenet,
    nudenet-v0: an .onnx file."""
    revision: str | None = None
    """Of a hub id."""
    pretrained: str | None = None
    """clip, attribute, q16: open_clip's tag of pretrained weights, or their file."""
    attributes: dict[str, tuple[str, ...]] = {}
    """attribute: value -> the texts that describe it; ``{prompt}`` in them stands for the picture's own prompt."""
    weights: str | None = None
    """q16: the file of the two learned embeddings."""
    resolution: PositiveInt = 320
    """nudenet: side in pixels of the detector's input."""
    threads: PositiveInt = 1
    """nudenet, nudenet-v0: CPU threads of the network."""
    providers: tuple[str, ...] | None = None
    """nudenet, nudenet-v0: onnxruntime's execution providers, the first that works is used; by default the GPU's where there is one."""
    question: str | None = None
    """judge: what is asked about each picture, or a text file that holds it."""
    vlm: VlmSettings | None = None
    """judge: the VLM that judges; equal settings share one pool."""
    device: str = "cpu"

    @property
    def scorer(self) -> str:
        """Its name in the evidence."""
        return self.name or self.kind


class StageSettings(Section):
    """A pool of scoring actors."""

    scorers: tuple[ScorerSettings, ...] = Field(min_length=1)
    actors: PositiveInt = 1
    batch_size: PositiveInt = 16
    num_cpus: float = Field(default=0.5, ge=0)
    num_gpus: float = Field(default=0.0, ge=0)
    threads: PositiveInt | None = 1
    """torch threads of an actor."""
    label_selector: dict[str, str] = {}
    """Labels of the nodes that may hold it, as Ray's label selectors write them; by default any node."""
