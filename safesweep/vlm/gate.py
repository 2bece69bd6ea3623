"""A gate: a small classifier of previews that was learned from a VLM's answers, and answers in its place where it is sure.

A gate is a folder: ``gate.safetensors`` (the network's weights and a temperature for each term), ``config.json`` (what it was asked, of
which terms it speaks, whose answers it learned from) and ``README.md``, its model card. ``safesweep distill`` writes one.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import torch
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, InstanceOf, PlainSerializer, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from safesweep.config_errors import explain
from safesweep.errors import InputError, did_you_mean
from safesweep.files import ROOT, write_whole
from safesweep.types import Picture
from safesweep.vlm.gate_network import GROUPS, GateNetwork, gate_pixels

WEIGHTS, CONFIG, CARD = "gate.safetensors", "config.json", "README.md"
TEMPERATURES = "temperatures"
"""The tensor [T] in the weights' file that the logits are divided by."""
NAMED_IN = (Path("gates"), Path("miniature/weights/gates"))
"""Folders that are searched for a bare name: those that a user distilled, then those that ship."""
FORM = 1
"""Of the folder; another one is refused."""


class HeldOut(BaseModel):
    """What a threshold would have saved of the questions of prompts that were held out, as the model card has it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ask_below: float = Field(gt=0, le=1)
    saved: float = Field(ge=0, le=1)
    """Share of the previews of which the gate is as sure as that."""
    low: float = Field(ge=0, le=1)
    high: float = Field(ge=0, le=1)
    """Its 95 % interval, over prompts."""


class GateConfig(BaseModel):
    """What ``config.json`` says."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    safesweep_gate: int = Field(ge=FORM, le=FORM)
    """The folder's form."""
    side: int = Field(ge=16, le=512)
    """Of the square that a preview is made to, pixels."""
    channels: tuple[Annotated[int, Field(gt=0, le=1024, multiple_of=GROUPS)], ...] = Field(min_length=1, max_length=8)
    terms: tuple[str, ...] = Field(min_length=1)
    """Of the vocabulary, in its order."""
    question: str
    """What the VLM was asked."""
    nothing: str
    """What is answered when none of the terms is there."""
    vlm: str
    """Who answered: the model with its digest."""
    held_out: tuple[HeldOut, ...] = ()
    """For plans only; a gate of before says nothing of it."""
    learned_from: Mapping[str, Any] = Field(default_factory=dict)
    """The runs, the seed and the numbers of the training; for people only."""

    @property
    def deciding(self) -> dict[str, Any]:
        """What decides its answers, or whether it may be asked at all."""
        return self.model_dump(mode="json", include={"side", "channels", "terms", "question", "nothing", "vlm"})


class Opinion(NamedTuple):
    """What a gate says of a preview."""

    terms: tuple[str, ...]
    """Those that are there, in the vocabulary's order."""
    confidence: float
    """The probability, in [0, 1], that the VLM would name just these."""


@dataclass(frozen=True, eq=False, repr=False)
class Gate:
    """Two are equal when their numbers, terms and question are, whatever they are called."""

    name: str
    """The folder's; for people only."""
    config: GateConfig
    weights: Mapping[str, torch.Tensor]
    """float32, on the CPU; ``TEMPERATURES`` among them."""

    @cached_property
    def digest(self) -> str:
        """SHA-256 of what decides its answers, 64 hexadecimal digits."""
        found = hashlib.sha256(json.dumps(self.config.deciding, sort_keys=True).encode())
        for name, tensor in sorted(self.weights.items()):
            found.update(f"{name}{list(tensor.shape)}".encode())
            found.update(tensor.float().contiguous().numpy().tobytes())
        return found.hexdigest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Gate) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        return f"Gate(sha256:{self.digest})"

    @cached_property
    def network(self) -> GateNetwork:
        """The network with its weights. Raises ``RuntimeError`` naming the tensors that do not fit."""
        network = GateNetwork(self.config.channels, len(self.config.terms))
        network.load_state_dict({name: one for name, one in self.weights.items() if name != TEMPERATURES})
        return network.eval()

    def probabilities(self, pixels: torch.Tensor) -> torch.Tensor:
        """Calibrated probabilities [B, T] of each term. ``pixels``: uint8 [B, side, side, 3] as ``gate_pixels`` gives them."""
        with torch.inference_mode():
            return torch.sigmoid(self.network(pixels) / self.weights[TEMPERATURES])

    def seen(self, preview: Picture) -> tuple[float, ...]:
        """The probability of each term in one preview, uint8 [H, W, 3]. Previews are looked at one by one: none depends on others."""
        pixels = torch.from_numpy(gate_pixels(preview, self.config.side).copy())[None]
        return tuple(self.probabilities(pixels)[0].tolist())

    def opinion(self, preview: Picture) -> Opinion:
        """What it says of one preview, uint8 [H, W, 3]."""
        return opinion_of(self.seen(preview), self.config.terms)

    def check(self, terms: tuple[str, ...], question: str) -> None:
        """Raises ``ValueError`` when it was not learned for these terms and this question."""
        if self.config.terms != terms:
            raise ValueError(
                f"{self.name!r} knows the terms {', '.join(self.config.terms)}; the vocabulary has {', '.join(terms)}"
            )
        if self.config.question != question:
            raise ValueError(
                f"{self.name!r} was learned from answers to {self.config.question!r}; the question is {question!r}"
            )

    def save(self, folder: Path, card: str) -> None:
        """Writes the three files into ``folder``, which is made; the config, without which there is no gate, last."""
        folder.mkdir(parents=True, exist_ok=True)
        save_file({name: one.contiguous() for name, one in self.weights.items()}, folder / WEIGHTS)
        write_whole(folder / CARD, card)
        config = json.dumps(self.config.model_dump(mode="json"), indent=2, ensure_ascii=False)
        write_whole(folder / CONFIG, config + "\n")

    @classmethod
    def load(cls, name: str) -> "Gate":
        """A gate by its bare name in one of ``NAMED_IN``, or by a folder's path. Raises ``InputError`` for none, and for a broken one."""
        folder = _find(name)
        try:
            config = GateConfig.model_validate_json((folder / CONFIG).read_bytes())
        except ValidationError as error:
            raise InputError(explain(error, str(folder / CONFIG))) from None
        except OSError as error:
            raise InputError(f"{folder / CONFIG}: cannot be read: {error}") from None
        gate = cls(folder.name, config, _read_weights(folder / WEIGHTS))
        try:
            _ = gate.network
        except RuntimeError as error:
            raise InputError(f"{folder / WEIGHTS}: does not fit {CONFIG}: {error}") from None
        if gate.weights[TEMPERATURES].shape != (len(config.terms),):
            raise InputError(f"{folder / WEIGHTS}: {TEMPERATURES} must be one a term, {len(config.terms)}")
        return gate


def opinion_of(probabilities: Sequence[float], terms: tuple[str, ...]) -> Opinion:
    """The likeliest answer, and how likely it is: the terms' probabilities are taken to be independent of each other.

    ``probabilities``: of each of ``terms``, in [0, 1].
    """
    confidence = 1.0
    for probability in probabilities:
        confidence *= max(probability, 1 - probability)
    named = tuple(term for term, probability in zip(terms, probabilities, strict=True) if probability >= 0.5)
    return Opinion(named, confidence)


def named_gates() -> list[str]:
    """Bare names of the gates that are at hand."""
    folders = [start / place for place in NAMED_IN for start in (Path(), ROOT)]
    return sorted({file.parent.name for folder in folders for file in folder.glob(f"*/{CONFIG}")})


def _find(name: str) -> Path:
    bare = [start / place / name for place in NAMED_IN for start in (Path(), ROOT)] if "/" not in name else []
    for place in [*bare, Path(name), ROOT / name]:
        if (place / CONFIG).is_file():
            return place.resolve()
    known = named_gates()
    raise InputError(
        f"gate {name!r} is no folder with a {CONFIG} and none of the names {', '.join(known) or '(there are none)'}"
        f"{did_you_mean(name, known)}; `safesweep distill` makes one"
    )


def _read_weights(path: Path) -> dict[str, torch.Tensor]:
    try:
        weights = {name: one.float() for name, one in load_file(path).items()}
    except (SafetensorError, OSError) as error:
        raise InputError(f"{path}: cannot be read: {error}") from None
    if TEMPERATURES not in weights:
        raise InputError(f"{path}: lacks {TEMPERATURES}")
    if not all(torch.isfinite(one).all() for one in weights.values()) or (weights[TEMPERATURES] <= 0).any():
        raise InputError(f"{path}: holds numbers that are not finite, or a temperature that is not above 0")
    return weights


def _by_name(value: Any) -> Any:
    return Gate.load(value) if isinstance(value, str) else value


def _digest(gate: Gate) -> str:
    return f"sha256:{gate.digest}"


NamedGate = Annotated[InstanceOf[Gate], BeforeValidator(_by_name), PlainSerializer(_digest)]
"""A gate as an option of a method: written by name or path; in a cell's JSON, and so in trial ids, by its digest."""
