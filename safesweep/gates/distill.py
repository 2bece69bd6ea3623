"""From runs of a lake to a gate's folder."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from safesweep.gates.calibration import temperatures
from safesweep.gates.card import FEW, model_card
from safesweep.gates.examples import Examples, read_examples
from safesweep.gates.parts import split
from safesweep.gates.quality import GateQuality, gate_quality
from safesweep.gates.recipe import GateRecipe
from safesweep.gates.training import forget, logits_of, train
from safesweep.vlm.gate import FORM, TEMPERATURES, Gate, GateConfig, HeldOut
from safesweep.vlm.vocabulary import HarmVocabulary


class Distilled(NamedTuple):
    """A gate that was made, and what it is worth on prompts that were held out."""

    gate: Gate
    quality: GateQuality
    rare: dict[str, int]
    """Terms that fewer than ``FEW`` previews of training show, with how many."""
    examples: int


def distill(
    lake: str | Path,
    runs: Sequence[str],
    vocabulary: HarmVocabulary,
    recipe: GateRecipe,
    folder: Path,
    say: Callable[[str], None] = lambda _: None,
) -> Distilled:
    """Learns a gate from the exchanges of ``runs`` and writes it into ``folder``, where a killed training is gone on with.

    The same runs, recipe and number of torch threads give the same gate bit for bit. Raises ``InputError`` as ``read_examples`` and
    ``split`` do.
    """
    examples = read_examples(lake, runs, vocabulary, recipe.side, recipe.most_previews)
    parts = split(examples.prompts, recipe)
    learned, calibration, held_out = (examples.of(part) for part in parts)
    say(
        f"{len(examples.steps):,} previews of {_texts(examples):,} prompts, answered by {examples.vlm}"
        + "".join(f"; {count:,} left out: {why}" for why, count in examples.left_out.items())
    )

    def told(epoch: int, loss: float, fits: float) -> None:
        say(f"round {epoch} of {recipe.epochs}: loss {loss:.4f}, on the calibration prompts {fits:.4f}")

    network = train(recipe, learned, calibration, folder, told)
    fitted = temperatures(logits_of(network, calibration).double().numpy(), calibration.named)
    counts = dict(zip(parts._fields, (learned, calibration, held_out), strict=True))
    config = GateConfig(
        safesweep_gate=FORM,
        side=recipe.side,
        channels=recipe.channels,
        terms=vocabulary.all_terms(),
        question=vocabulary.question(),
        nothing=vocabulary.nothing,
        vlm=examples.vlm,
        learned_from={
            "runs": list(runs),
            "recipe": recipe.model_dump(mode="json"),
            "previews": {name: len(part.steps) for name, part in counts.items()},
            "prompts": {name: _texts(part) for name, part in counts.items()},
            "left_out": dict(examples.left_out),
        },
    )
    weights = {name: one.detach().clone() for name, one in network.state_dict().items()}
    gate = Gate(folder.name, config, {**weights, TEMPERATURES: torch.from_numpy(fitted).float()})
    quality = gate_quality(
        _probabilities(gate, held_out), held_out.named, held_out.steps, held_out.prompts, config.terms
    )
    config = config.model_copy(update={"held_out": _savings(quality)})
    gate = Gate(gate.name, config, gate.weights)
    seen = dict(zip(config.terms, learned.named.sum(axis=0).tolist(), strict=True))
    rare = {term: count for term, count in seen.items() if count < FEW}
    gate.save(folder, model_card(gate.name, gate.digest, config, quality, rare))
    forget(folder)
    return Distilled(gate, quality, rare, len(examples.steps))


def _probabilities(gate: Gate, examples: Examples) -> "np.ndarray[tuple[int, int], np.dtype[np.float64]]":
    parts = [gate.probabilities(part) for part in torch.from_numpy(examples.pixels).split(256)]
    found: np.ndarray[tuple[int, int], np.dtype[np.float64]] = torch.cat(parts).double().numpy()
    return found


def _savings(quality: GateQuality) -> tuple[HeldOut, ...]:
    """What of the card a plan reads; thresholds of which too few prompts tell are left out."""
    found = [(one.ask_below, one.saved) for one in quality.thresholds]
    return tuple(
        HeldOut(ask_below=bar, saved=saved.estimate, low=saved.low, high=saved.high)
        for bar, saved in found
        if np.isfinite(saved[:3]).all()
    )


def _texts(examples: Examples) -> int:
    return len(np.unique(examples.prompts))
