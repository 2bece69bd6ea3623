"""What a run's scorers of attributes say of social bias."""

from pathlib import Path
from typing import NamedTuple

from safesweep.lake.manifest import Manifest
from safesweep.measures.bias import CellBias, attribute_bias
from safesweep.measures.intervals import DRAWS

KIND = "attribute"
"""Of scorers that say which value a picture shows."""
STAGES = ("safety", "alignment")


class AttributeFacts(NamedTuple):
    """One scorer's view of every cell."""

    scorer: str
    """Its name in the evidence."""
    values: tuple[str, ...]
    cells: list[CellBias]


def attribute_facts(lake: Path, run_id: str, manifest: Manifest, *, draws: int = DRAWS) -> list[AttributeFacts]:
    """One entry a scorer of attributes that the manifest's configuration names; none for a run without any.

    ``draws``: bootstrap draws behind each interval and test.
    """
    config = manifest.get("config") or {}
    written = [options for stage in STAGES for options in (config.get(stage) or {}).get("scorers") or ()]
    found = []
    for options in written:
        if options.get("kind") == KIND:
            name, values = str(options.get("name") or KIND), tuple(map(str, options.get("attributes") or ()))
            found.append(AttributeFacts(name, values, attribute_bias(lake, run_id, name, list(values), draws=draws)))
    return found
