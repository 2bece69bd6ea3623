"""``SAFESWEEP_PLUGINS=benchmarks.simulation.plugin`` has the stand-ins of `timed_network` in every process of a run."""

from benchmarks.simulation.timed_network import KIND, PIPELINE
from safesweep.measures.profiles import PROFILES
from safesweep.measures.profiles.base import Profile, Rule
from safesweep.models import FAMILIES
from safesweep.scorers import SCORERS

FAMILIES.add(PIPELINE, "benchmarks.simulation.timed_family:TimedModel")
PROFILES.add(KIND, Profile(KIND, (Rule(KIND, ("bright",), 0.5, "classifier"),), "a stand-in that measures nothing"))
SCORERS.add(KIND, "benchmarks.simulation.timed_network:FreeSettings")
