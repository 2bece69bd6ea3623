"""What a preset's cluster section must find a place for."""

from pipelines.cluster import Demand
from pipelines.command_line import read_config
from pipelines.evaluation import demands


def demands_of(preset: str) -> list[Demand]:
    """The workers of ``--preset NAME --hardware cluster``, with every pool that it configures."""
    config = read_config(["--preset", preset, "--hardware", "cluster"])

    class Asking:
        asks = config.vlm.label_selector != {}

    return demands(config, Asking())
