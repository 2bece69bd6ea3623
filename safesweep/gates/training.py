"""The training of a gate's network: deterministic by its seed, and gone on with where a killed one stopped."""

import copy
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import is_zipfile

import torch
from torch.nn.functional import binary_cross_entropy_with_logits, pad

from safesweep.gates.examples import Examples
from safesweep.gates.recipe import GateRecipe
from safesweep.vlm.gate_network import GateNetwork

STATE = "training.state"
"""In the gate's folder while it is learned."""

Told = Callable[[int, float, float], None]
"""Called after a round: its number from 1, the mean loss of training, and of calibration."""


def train(recipe: GateRecipe, learned: Examples, calibration: Examples, folder: Path, told: Told) -> GateNetwork:
    """The network of the round that suits ``calibration`` best. The state after each round lies in ``folder`` until ``forget``."""
    torch.manual_seed(recipe.seed)
    network = GateNetwork(recipe.channels, learned.named.shape[1])
    steps = recipe.epochs * -(-len(learned.steps) // recipe.batch)
    optimizer = torch.optim.AdamW(network.parameters(), recipe.learning_rate, weight_decay=recipe.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe.learning_rate, total_steps=steps)
    parts: dict[str, Any] = {"network": network, "optimizer": optimizer, "schedule": schedule}
    mark = _mark(recipe, learned, calibration)
    best, best_loss, begun = copy.deepcopy(network.state_dict()), float("inf"), 0
    if (state := _read(folder / STATE, mark)) is not None:
        for name, part in parts.items():
            part.load_state_dict(state[name])
        best, best_loss, begun = state["best"], state["best_loss"], state["epoch"]
    pixels, named = torch.from_numpy(learned.pixels), torch.from_numpy(learned.named).float()
    for epoch in range(begun, recipe.epochs):
        network.train()
        generator, total = torch.Generator().manual_seed(recipe.seed * 100_003 + epoch), 0.0
        for chosen in torch.randperm(len(pixels), generator=generator).split(recipe.batch):
            seen = moved(pixels[chosen], recipe.shift, generator)
            loss = binary_cross_entropy_with_logits(network(seen), named[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item() * len(chosen)
        logits = logits_of(network, calibration)
        fits = binary_cross_entropy_with_logits(logits, torch.from_numpy(calibration.named).float()).item()
        if fits < best_loss:
            best, best_loss = copy.deepcopy(network.state_dict()), fits
        now = {name: part.state_dict() for name, part in parts.items()}
        _write(folder / STATE, {**now, "best": best, "best_loss": best_loss, "epoch": epoch + 1, "mark": mark})
        told(epoch + 1, total / len(pixels), fits)
    network.load_state_dict(best)
    return network.eval()


def forget(folder: Path) -> None:
    """The training is over, and its gate written."""
    (folder / STATE).unlink(missing_ok=True)


def moved(pixels_BHWC: torch.Tensor, shift: int, generator: torch.Generator) -> torch.Tensor:
    """Half of the pictures mirrored, and all of them moved by one draw of up to ``shift`` pixels; uint8 [B, H, W, C] as it came."""
    mirrored = torch.rand(len(pixels_BHWC), generator=generator) < 0.5
    turned = torch.where(mirrored[:, None, None, None], pixels_BHWC.flip(2), pixels_BHWC)
    if not shift:
        return turned
    height, width = turned.shape[1:3]
    wide = pad(turned.permute(0, 3, 1, 2).float(), (shift,) * 4, mode="replicate")
    top, left = torch.randint(0, 2 * shift + 1, (2,), generator=generator).tolist()
    return wide[:, :, top : top + height, left : left + width].permute(0, 2, 3, 1).to(torch.uint8)


def logits_of(network: GateNetwork, examples: Examples, batch: int = 256) -> torch.Tensor:
    """[N, T], not calibrated."""
    network.eval()
    with torch.inference_mode():
        parts = [network(part) for part in torch.from_numpy(examples.pixels).split(batch)]
    return torch.cat(parts).clone()


def _mark(recipe: GateRecipe, *parts: Examples) -> str:
    """What a training must have in common with one that it goes on with."""
    found = hashlib.sha256(recipe.model_dump_json().encode())
    for part in parts:
        found.update(part.pixels.tobytes())
        found.update(part.named.tobytes())
    return found.hexdigest()


def _read(path: Path, mark: str) -> dict[str, Any] | None:
    if not is_zipfile(path):  # there is none, or not all of one
        return None
    state: dict[str, Any] = torch.load(path, weights_only=True)
    return state if state.get("mark") == mark else None


def _write(path: Path, state: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.new")
    torch.save(state, fresh)
    os.replace(fresh, path)
