"""How far a run is, in words."""

from safesweep.lake.progress import Progress


def progress_line(progress: Progress) -> str:
    """One line for a log: what the lake holds and at which pace, where the engines stand, when the rest is there.

    The pace counts what this start made, not the trials that were there before.
    """
    seconds = progress.at - progress.since
    pace = (progress.stored - progress.before) / seconds if seconds else 0.0
    parts = [f"{progress.stored} of {progress.expected} trials in the lake, {pace:.1f} a second"]
    if progress.working_since is not None:
        parts.append(engines_text(progress))
    left = progress.seconds_left
    if left is not None and progress.share < 1:
        parts.append(f"about {left / 60:.1f} min left")
    return f"{seconds:5.0f} s  {'; '.join(parts)}"


def engines_text(progress: Progress) -> str:
    """Where the engines stand."""
    sums = progress.sums
    failed = f" ({sums['failed']:.0f} failed)" if sums["failed"] else ""
    stepped = min(1.0, sums["steps"] / progress.steps_expected) if progress.steps_expected else 1.0
    return (
        f"{stepped:.0%} of the steps, {sums['trials']:.0f} pictures made{failed}, {progress.rows_per_second:.0f} rows a second, "
        f"{progress.forward_share:.0%} of the time in the network, {sums['parked']:.0f} await the VLM"
    )
