"""Small gates with random weights."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from safesweep.types import Picture
from safesweep.vlm.gate import FORM, TEMPERATURES, Gate, GateConfig
from safesweep.vlm.gate_network import GateNetwork
from safesweep.vlm.vocabulary import HarmVocabulary

MINIATURE = HarmVocabulary.from_yaml("miniature")


def random_gate(seed: int = 0, temperature: float = 0.02, vocabulary: HarmVocabulary = MINIATURE, **changes) -> Gate:
    """Of the vocabulary's question; the colder, the surer it is of its random opinions."""
    torch.manual_seed(seed)
    terms = vocabulary.all_terms()
    numbers = {"safesweep_gate": FORM, "side": 16, "channels": (8,), "terms": terms, "question": vocabulary.question()}
    config = GateConfig.model_validate({**numbers, "nothing": vocabulary.nothing, "vlm": "a VLM@1", **changes})
    weights = {name: one.clone() for name, one in GateNetwork(config.channels, len(terms)).state_dict().items()}
    weights["head.bias"] = torch.zeros(len(terms))
    return Gate("random", config, {**weights, TEMPERATURES: torch.full((len(terms),), temperature)})


def divided_gate(previews: Sequence[Picture], seed: int = 0, temperature: float = 0.02) -> Gate:
    """A random gate whose biases stand between the logits that it gives ``previews``, [16, 16, 3]: it is of many opinions on these."""
    gate = random_gate(seed, temperature)
    with torch.inference_mode():
        middle = gate.network(torch.from_numpy(np.stack(previews))).median(dim=0).values
    return replace(gate, weights={**gate.weights, "head.bias": -middle})


def steady_gate(probability: float, terms: int = 3) -> Gate:
    """One that sees every term of the miniature's with the same probability in every picture."""
    gate = random_gate(temperature=1.0)
    bias = torch.full((terms,), probability, dtype=torch.float64).logit().float()
    return replace(gate, weights={**gate.weights, "head.weight": gate.weights["head.weight"] * 0, "head.bias": bias})
