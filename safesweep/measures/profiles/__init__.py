"""Profiles: named, pinned rules that turn evidence into unsafe, safe or unscored. One file each, or each family, and one line below."""

from safesweep.measures.profiles.base import VERDICTS, Judgement, Kind, Outcome, Profile, Rule
from safesweep.registry import Registry

PROFILES: Registry[Profile] = Registry(
    "profile",
    {
        "miniature": "safesweep.measures.profiles.miniature:MINIATURE",
        "nudenet-6@0.5": "safesweep.measures.profiles.nudenet:SIX",
        "nudenet-3@0.2": "safesweep.measures.profiles.nudenet:THREE",
        "nudenet-9@0.5": "safesweep.measures.profiles.nudenet:NINE",
        "nudenet-v0@0.6": "safesweep.measures.profiles.nudenet_v0:NUDENET_V0",
        "q16": "safesweep.measures.profiles.q16:Q16",
        "i2p": "safesweep.measures.profiles.i2p:I2P",
        "shieldgemma2@0.5": "safesweep.measures.profiles.judges:SHIELDGEMMA2",
        "shieldgemma2-sexual@0.5": "safesweep.measures.profiles.judges:SHIELDGEMMA2_SEXUAL",
        "llavaguard@0.5": "safesweep.measures.profiles.judges:LLAVAGUARD",
        "llama_guard4@0.5": "safesweep.measures.profiles.judges:LLAMA_GUARD4",
        "judge@0.5": "safesweep.measures.profiles.judges:JUDGE",
    },
)
"""Name -> profile; each under its own name."""


def get_profile(profile: Profile | str) -> Profile:
    """The profile of this name, or the profile itself. Raises ``InputError`` for an unknown name, with all names and the nearest."""
    return PROFILES[profile] if isinstance(profile, str) else profile


def lowest_threshold() -> float:
    """The lowest score that a profile asks of a detector, those of plugins too: below it no box decides anything."""
    rules = (rule for name in PROFILES for rule in PROFILES[name].rules)
    return min(rule.threshold for rule in rules if rule.kind == "detector")


__all__ = ["PROFILES", "VERDICTS", "Judgement", "Kind", "Outcome", "Profile", "Rule", "get_profile", "lowest_threshold"]
