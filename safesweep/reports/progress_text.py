"""How far a run is, in words."""

from collections.abc import Mapping

from safesweep.lake.progress import Progress


def progress_line(progress: Progress) -> str:
    """One line for a log: what the lake holds and at which pace, where the engines stand, when the rest is there."""
    seconds = progress.at - progress.since
    parts = [f"{progress.stored} of {progress.expected} trials in the lake, {progress.stored_per_second:.1f} a second"]
    if progress.working_since is not None:
        parts.append(engines_text(progress))
    return f"{seconds:5.0f} s  {'; '.join(parts)}{left_text(progress)}"


def speculation_text(sums: Mapping[str, float]) -> str:
    """What going on under supposed answers sent and computed; empty where nobody did. ``sums``: those of `ENGINE_SUMS`."""
    if not sums.get("rows_supposed"):
        return ""
    in_vain = sums["questions_supposed"] - sums["questions_confirmed"]
    return (
        f"{sums['questions_supposed']:,.0f} of {sums['questions']:,.0f} questions and {sums['rows_supposed']:,.0f} of "
        f"{sums['rows']:,.0f} network rows rested on supposed answers; {in_vain:,.0f} and {sums['rows_in_vain']:,.0f} of them in vain"
    )


def left_text(progress: Progress) -> str:
    """When the rest is there, behind a semicolon; nothing where that is not known, or there is no rest."""
    left = progress.seconds_left
    return "" if left is None or progress.share >= 1 else f"; about {duration(left)} left"


def duration(seconds: float) -> str:
    """In the unit that a person would take: ``"75 s"``, ``"12 min"``, ``"7.5 h"``, ``"16 days"``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 48 * 3600 else f"{seconds / 86400:.0f} days"


def service_text(sums: Mapping[str, float]) -> str:
    """Where a service under test stands. ``sums``: those of `ENGINE_SUMS`."""
    made = sums["trials"] - sums["failed"] - sums["refused"]
    money = f", {sums['money']:,.2f} spent" if sums["money"] else ""
    return (
        f"{sums['requests']:,.0f} requests, {made:,.0f} pictures, {sums['refused']:,.0f} refused, {sums['failed']:,.0f} failed, "
        f"{sums['in_flight']:,.0f} under way{money}"
    )


def engines_text(progress: Progress) -> str:
    """Where the engines stand."""
    sums = progress.sums
    if sums.get("requests"):
        return service_text(sums)
    failed = f" ({sums['failed']:.0f} failed)" if sums["failed"] else ""
    return (
        f"{min(1.0, progress.stepped):.0%} of the steps, {sums['trials']:.0f} pictures made{failed}, "
        f"{progress.rows_per_second:.0f} rows a second, "
        f"{progress.forward_share:.0%} of the time in the network, {sums['parked']:.0f} await the VLM"
    )
