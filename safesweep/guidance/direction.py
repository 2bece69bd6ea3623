"""Semantic directions: the few numbers that discovery learns and that an edit adds to a prompt's embedding.

A direction is a folder as peft lays adapters out: ``adapter_model.safetensors`` with the recipe in its metadata, and
``adapter_config.json``, which says what kind of edit they are, of which rank, and for which model they were found.

Shape suffixes: T tokens, D width of the embedding, K rank.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, get_args

import torch
from pydantic import BeforeValidator, InstanceOf, PlainSerializer
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from safesweep.errors import InputError, did_you_mean
from safesweep.files import ROOT
from safesweep.guidance.recipe import Kind
from safesweep.models.checkpoint import ModelFolder, model_folder, resolve

Factors = tuple[torch.Tensor, torch.Tensor]
"""shift: b [T, K] and a [D, K]; conditional: A [D, K] and B [K, D]."""

NAMES: dict[Kind, tuple[str, str]] = {"shift": ("b", "a"), "conditional": ("A", "B")}
"""Kind -> what its two factors are called in the file."""
WEIGHTS, CONFIG = "adapter_model.safetensors", "adapter_config.json"
NAMED_IN = (Path("directions"), Path("miniature/weights/directions"))
"""Folders that are searched for a bare name: those that a user found, then those that ship."""


def edited_tokens(kind: Kind, factors: Factors, tokens_TD: torch.Tensor, strength: float) -> torch.Tensor:
    """E′ [T, D], in the dtype of E: E + β·b aᵀ, or E + β·relu(E A) B. It is computed in the factors' dtype and can be differentiated.

    The shift is the published one (arXiv 2505.15427), at rank K the sum of K of them; the conditional edit leaves alone what the gate
    does not open for.
    """
    first, second = factors
    wide_TD = tokens_TD.to(first.dtype)
    change_TD = first @ second.T if kind == "shift" else torch.relu(wide_TD @ first) @ second
    return (wide_TD + strength * change_TD).to(tokens_TD.dtype)


@dataclass(frozen=True, eq=False, repr=False)
class Direction:
    """Learned numbers with where they come from. Two are equal when their kind and numbers are, whatever they are called."""

    name: str
    """The folder's; for people only."""
    kind: Kind
    factors: Factors
    """float32, on the CPU."""
    base_model: str = ""
    """The model that it was found for, "name@digest"."""
    recipe: Mapping[str, Any] = field(default_factory=dict)
    """How it was found, as JSON values."""

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the kind and the numbers, 64 hexadecimal digits."""
        found = hashlib.sha256(self.kind.encode())
        for name, factor in zip(NAMES[self.kind], self.factors, strict=True):
            found.update(f"{name}{list(factor.shape)}".encode())
            found.update(factor.float().cpu().contiguous().numpy().tobytes())
        return found.hexdigest()

    @property
    def rank(self) -> int:
        """K."""
        return int(self.factors[0].shape[1])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Direction) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        return f"Direction({self.kind}, sha256:{self.digest})"

    def edit(self, tokens_TD: torch.Tensor, strength: float) -> torch.Tensor:
        """E′ [T, D] for E; see ``edited_tokens``. Raises ``ValueError`` when the direction was made for embeddings of another size."""
        tokens, width = tokens_TD.shape
        first, second = self.factors
        made_for = (len(first), len(second)) if self.kind == "shift" else (tokens, len(first))
        if made_for != (tokens, width):
            raise ValueError(
                f"direction {self.name!r} was made for embeddings of {made_for[0]} tokens × {made_for[1]}, "
                f"this model's are {tokens} × {width}"
            )
        factors = (first.to(tokens_TD.device), second.to(tokens_TD.device))
        return edited_tokens(self.kind, factors, tokens_TD, strength)

    def save(self, folder: Path) -> None:
        """Writes the two files into ``folder``, which is made."""
        folder.mkdir(parents=True, exist_ok=True)
        named = {name: part.contiguous() for name, part in zip(NAMES[self.kind], self.factors, strict=True)}
        recipe = json.dumps(self.recipe, sort_keys=True, ensure_ascii=False)
        save_file(named, folder / WEIGHTS, metadata={"format": "pt", "recipe": recipe})
        config = {
            "peft_type": f"SAFE_REGION_{self.kind.upper()}",
            "task_type": "TEXT_TO_IMAGE",
            "inference_mode": True,
            "base_model_name_or_path": self.base_model,
            "r": self.rank,
            "target_modules": ["text_encoder.last_hidden_state"],
        }
        (folder / CONFIG).write_text(json.dumps(config, indent=2, ensure_ascii=False) + "\n")

    @classmethod
    def load(cls, name: str) -> "Direction":
        """A direction by its bare name in one of ``NAMED_IN``, by a folder's path, or by a hub id in the local cache ("owner/name", or
        "owner/name@revision").

        Raises:
            InputError: none of these, or the folder's files are not a direction's.
        """
        folder = _find(name)
        folder.require(CONFIG, "the direction's config")
        folder.require(WEIGHTS, "the file of its numbers")
        kind, base_model = _read_config(folder.path / CONFIG)
        factors, recipe = _read_weights(folder.path / WEIGHTS, kind)
        bare = folder.hub_id or str(folder.path)
        return cls(bare.rstrip("/").rpartition("/")[2], kind, factors, base_model, recipe)


def named_directions() -> list[str]:
    """Bare names of the directions that are at hand."""
    folders = [start / place for place in NAMED_IN for start in (Path(), ROOT)]
    return sorted({file.parent.name for folder in folders for file in folder.glob(f"*/{CONFIG}")})


def _find(name: str) -> ModelFolder:
    places = [start / place / name for place in NAMED_IN for start in (Path(), ROOT)]
    for place in places if "/" not in name else []:
        if place.is_dir():
            return ModelFolder(place.resolve())
    path, _, revision = name.partition("@")
    try:
        resolve(path)
        return model_folder(path, revision or None)
    except InputError as error:
        known = named_directions()
        hint = did_you_mean(name, known)
        reason = f"; {error}" if "/" in name else ""
        raise InputError(
            f"direction {name!r} is no folder and none of the names {', '.join(known) or '(there are none)'}{hint}; "
            f"`safesweep discover` finds one{reason}"
        ) from None


def _read_config(path: Path) -> tuple[Kind, str]:
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        written = str(config["peft_type"])
        base_model = str(config.get("base_model_name_or_path") or "")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path}: is not a direction's config: {type(error).__name__} {error}") from None
    kinds: dict[str, Kind] = {f"SAFE_REGION_{kind.upper()}": kind for kind in get_args(Kind)}
    if written not in kinds:
        raise InputError(f"{path}: peft_type: found {written!r}; allowed: {', '.join(kinds)}")
    return kinds[written], base_model


def _read_weights(path: Path, kind: Kind) -> tuple[Factors, Mapping[str, Any]]:
    left, right = NAMES[kind]
    try:
        with safe_open(path, framework="pt") as file:
            names = sorted(file.keys())
            metadata = file.metadata() or {}
            if names != sorted((left, right)):
                raise InputError(f"{path}: holds {', '.join(names) or 'nothing'}; a {kind} has {left} and {right}")
            first, second = file.get_tensor(left).float(), file.get_tensor(right).float()
        recipe = json.loads(metadata.get("recipe", "{}"))
    except (SafetensorError, OSError) as error:
        raise InputError(f"{path}: cannot be read: {error}") from None
    except json.JSONDecodeError as error:
        raise InputError(f"{path}: metadata: recipe is not JSON: {error}") from None
    shapes = f"{left} {list(first.shape)}, {right} {list(second.shape)}"
    if first.dim() != 2 or second.dim() != 2:
        raise InputError(f"{path}: has {shapes}; allowed: two matrices")
    ranks = (first.shape[1], second.shape[1] if kind == "shift" else second.shape[0])
    if ranks[0] != ranks[1] or (kind == "conditional" and first.shape[0] != second.shape[1]):
        raise InputError(f"{path}: {shapes} do not fit together; docs/safe_regions.md says which shapes do")
    if not (torch.isfinite(first).all() and torch.isfinite(second).all()):
        raise InputError(f"{path}: holds numbers that are not finite")
    return (first, second), recipe


def _by_name(value: Any) -> Any:
    return Direction.load(value) if isinstance(value, str) else value


def _digest(direction: Direction) -> str:
    return f"sha256:{direction.digest}"


NamedDirection = Annotated[InstanceOf[Direction], BeforeValidator(_by_name), PlainSerializer(_digest)]
"""A direction as an option of an edit: written by name, path or hub id; in a cell's JSON, and so in trial ids, by its digest."""
