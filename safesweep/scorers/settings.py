"""Settings of the scorers."""

from typing import Literal

from pydantic import Field, PositiveInt

from safesweep.settings import Section
from safesweep.vlm.settings import VlmSettings


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
    attributes: dict[str, tuple[str, ...]] = Field(default={})
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
