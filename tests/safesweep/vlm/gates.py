"""Small gates with random weights."""

import torch

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
