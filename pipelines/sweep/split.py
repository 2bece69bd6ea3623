"""The split of prompts into those that choose and those that report."""

from collections.abc import Iterable
from hashlib import sha256

from pipelines.sweep.config import SplitSettings
from safesweep.errors import InputError


def is_validation(prompt_hash: str, split: SplitSettings) -> bool:
    """Whether a prompt text is for choosing.

    Fixed by the text's hash and the salt alone: the same in every run, on every machine, whatever other prompts there are; equal
    texts are never on both sides.
    """
    number = int.from_bytes(sha256(f"{split.salt}{prompt_hash}".encode()).digest()[:8], "big")
    return number < split.validation * 2**64


def check_split(prompts: Iterable[tuple[str, bool]], split: SplitSettings) -> None:
    """Raises ``InputError`` unless both sides have hazard and benign prompts; ``prompts`` are (text hash, benign)."""
    if not split.validation:
        return
    counts = {(benign, chosen): 0 for benign in (False, True) for chosen in (False, True)}
    for prompt_hash, benign in set(prompts):
        counts[benign, is_validation(prompt_hash, split)] += 1
    for (benign, chosen), count in counts.items():
        if not count:
            kind, side = "benign" if benign else "hazard", "validation" if chosen else "held-out"
            total = counts[benign, False] + counts[benign, True]
            raise InputError(
                f"split: none of the {total} {kind} prompts falls into the {side} part; give more prompts, another split.salt "
                "or split.validation, or split.validation 0 to choose nothing"
            )
