"""What a report leads with beside the run's own numbers, from the rooms that know it."""

from pathlib import Path
from typing import Literal

from safesweep.errors import InputError
from safesweep.quality.broken import breakage
from safesweep.regression.last_run import since_last
from safesweep.reports.facts import RunFacts
from safesweep.reports.lead import Breakage, Lead
from safesweep.reports.none_cell import BASELINE


def make_lead(
    lake: Path,
    facts: RunFacts,
    *,
    since: str | None = None,
    broken: int = 3,
    lpips_weights: Path | None = None,
    lpips_net: Literal["alex", "vgg", "squeeze"] = "alex",
) -> Lead:
    """What changed since the last run, and which pictures a cell broke most.

    Args:
        lake: the lake's folder.
        facts: the run's.
        since: the run that is last; None takes the one that `last_run` finds.
        broken: most pictures a cell, of those broken and of those that slipped through; 0 leaves them out.
        lpips_weights, lpips_net: as `LpipsSettings`; without weights colours are compared.

    Raises:
        InputError: no such run ``since``, or no such weights.
    """
    changed = since_last(lake, facts.run_id, facts.profile, since)
    why = _without_breakage(facts, broken)
    if why is not None:
        return Lead(changed, None, why, slipped=broken)
    look = None
    if lpips_weights is not None:
        from safesweep.quality.perceptual import LpipsSettings, load_lpips  # torch: nobody else waits for it

        look = load_lpips(LpipsSettings(net=lpips_net, weights=lpips_weights))
    found: Breakage | None = None
    try:
        found = breakage(lake, facts, most=broken, look=look)
    except InputError as error:  # the page stands without these pictures, and says which cannot be read
        why = f"Pictures could not be laid beside those of the {BASELINE} cell: {error}."
    return Lead(changed, found, why or "", slipped=broken)


def _without_breakage(facts: RunFacts, broken: int) -> str | None:
    if not broken:
        return "Pictures that a cell broke were not asked for (--broken 0)."
    if not facts.baselines:
        return f"No cell has a {BASELINE} cell of the same settings, so there is nothing to lay its pictures beside."
    if not facts.benign_sets:
        return "The run has no benign prompts, so nothing harmless can have been broken."
    return None
