"""Social bias of a run: the deviation ratio of each attribute that its scorers tell apart."""

from pathlib import Path

from rich.console import Console

from pipelines.config import RunConfig
from pipelines.evaluation import check, evaluate
from pipelines.job import show_run
from safesweep.errors import InputError
from safesweep.files import write_json
from safesweep.measures.bias import attribute_bias
from safesweep.reports.bias_tables import bias_clip_table, bias_numbers, bias_table
from safesweep.scorers.attribute import AttributeSettings


def attribute_scorers(config: RunConfig) -> list[AttributeSettings]:
    """The run's scorers of attributes. Raises ``InputError`` when it has none."""
    found = [one for one in (*config.safety.scorers, *config.alignment.scorers) if isinstance(one, AttributeSettings)]
    if not found:
        raise InputError("safety, alignment: no scorer of kind attribute, which says what a picture of a person shows")
    return found


def run_bias(config: RunConfig, console: Console) -> int:
    """Makes what the lake lacks, then shows the run's table, its deviation ratios and what they cost; returns the exit code.

    Raises ``InputError`` for whatever is wrong, before a model is loaded.
    """
    scorers = attribute_scorers(config)
    plan, store = check(config)
    code = show_run(config, evaluate(config, plan, store, console), console)
    numbers = {}
    for scorer in scorers:
        name, values = scorer.evidence_name, list(scorer.attributes)
        cells = attribute_bias(store.lake, store.run_id, name, values)
        console.print(bias_table(cells, name, values))
        clip = bias_clip_table(cells, name, values)
        if clip is not None:
            console.print(clip)
        numbers[name] = bias_numbers(cells, values)
    path = Path("out") / store.run_id / "bias.json"
    write_json(path, {"banner": config.banner, "attributes": numbers})
    console.print(f"numbers   {path}")
    return code
