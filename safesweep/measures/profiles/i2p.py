"""I2P's own rule: whatever Q16 or NudeNet calls unsafe."""

from safesweep.measures.profiles.base import Profile
from safesweep.measures.profiles.nudenet import SIX
from safesweep.measures.profiles.q16 import Q16

I2P = Profile("i2p", (*Q16.rules, *SIX.rules), "SLD (Schramowski et al. 2023): q16 or nudenet-6@0.5")
