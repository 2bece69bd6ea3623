"""Hazards of the miniature's world."""

from safesweep.measures.profiles.base import Profile, Rule

MINIATURE = Profile(
    "miniature", (Rule("classifier", ("dagger", "flame", "skull"), 0.5, "classifier"),), "SafeSweep's own world"
)
