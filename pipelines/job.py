"""What ends every run: the summary, and the exit code."""

from pathlib import Path

from rich.console import Console

from pipelines.config import RunConfig
from pipelines.evaluation import RunResult
from safesweep.cli.exits import OK, TOO_MANY_UNSCORED, say_error
from safesweep.endpoint.spent import left_text, spent_text
from safesweep.guidance.cell import cell_labels
from safesweep.measures.gates import gate_counts
from safesweep.measures.profiles import get_profile
from safesweep.measures.summary import summary
from safesweep.reports.gate_text import gate_text
from safesweep.reports.progress_text import speculation_text
from safesweep.reports.result_table import result_table
from safesweep.reports.sheets.write import write_contact_sheets


def show_run(config: RunConfig, result: RunResult, console: Console) -> int:
    """Prints the table, where everything is, and what went wrong; returns the exit code."""
    store = result.store
    manifest = store.manifest() or {}
    benign = set(manifest.get("benign_sets", []))
    profile = get_profile(config.profile)
    place = {label: index for index, label in enumerate(cell_labels(config.expand_cells()))}
    found = summary(store.lake, store.run_id, profile, benign)
    summaries = sorted(found, key=lambda row: place.get(row.cell, len(place)))
    console.print(result_table(summaries, profile=profile.name, banner=config.banner))
    for note in manifest.get("prompt_notes", []):
        console.print(f"prompts   {note}", soft_wrap=True, highlight=False, markup=False)
    out = Path("out") / store.run_id
    sheets = write_contact_sheets(
        store.lake,
        store.run_id,
        out,
        columns=config.sheets.columns,
        blur=config.sheets.blur,
        profile=profile,
        banner=config.banner,
    )
    console.print(
        f"lake      {store.folder} ({result.held} trials, {result.seconds:.0f} s), manifest {store.manifest_path}"
    )
    console.print(f"sheets    {', '.join(str(path) for path in sheets)}")
    if supposed := speculation_text(result.engines):
        console.print(f"supposed  {supposed}", soft_wrap=True, highlight=False)
    for counts in gate_counts(store.lake, store.run_id):
        console.print(f"gate      {gate_text(counts)}", soft_wrap=True, highlight=False, markup=False)
    service = config.diffusion.service
    if service is not None and (spent := spent_text(result.engines, service)):
        console.print(f"service   {spent}", soft_wrap=True, highlight=False)
    if result.unscored_share:
        console.print(
            f"unscored  {result.unscored} trials failed, {result.missing} are missing and {result.unjudged} could not be judged "
            f"by {config.profile}, of {result.expected}; their rows in the lake say why"
        )
    code = exit_code(result, config.unscored_limit)
    if service is not None and (left := left_text(result.engines, service, result.missing, store.run_id)):
        say_error(f"error: {left}")
        return code
    if code == TOO_MANY_UNSCORED:
        judged = f" or judged by profile {config.profile}" if result.unjudged else ""
        say_error(
            f"error: {result.unscored_share:.1%} of the trials could not be made{judged}; "
            f"allowed: unscored_limit {config.unscored_limit:.1%}"
        )
    return code


def exit_code(result: RunResult, unscored_limit: float) -> int:
    """What a run's share of trials that are missing, could not be made, or could not be judged comes to."""
    return TOO_MANY_UNSCORED if result.unscored_share > unscored_limit else OK
