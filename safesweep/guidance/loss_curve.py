"""The loss of a discovery, update by update, as a picture."""

from pathlib import Path

import numpy as np

from safesweep.guidance.discovery import Update

SMOOTHED = 0.05
"""Share of all updates that the curve's running mean is taken over."""


def draw_losses(updates: list[Update], path: Path, title: str) -> None:
    """Writes the loss of every update and its running mean as a PNG; the change of harmless predictions beside it where there is any."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    curves = {"distance from the target": [update.loss for update in updates]}
    if any(update.harmless for update in updates):
        curves["change of harmless predictions"] = [update.harmless for update in updates]
    for colour, (label, values) in zip(("tab:blue", "tab:orange"), curves.items(), strict=False):
        axes.plot(values, color=colour, alpha=0.25, linewidth=0.7)
        axes.plot(running_mean(values), color=colour, label=label)
    axes.set(title=title, xlabel="update", ylabel="mean squared error")
    axes.set_yscale("log" if all(value > 0 for values in curves.values() for value in values) else "linear")
    axes.legend()
    figure.savefig(path, dpi=120, metadata={"Software": None})


def running_mean(values: list[float]) -> list[float]:
    """Of the last ``SMOOTHED`` of all values, at each place of as many as there are yet."""
    window = max(1, round(SMOOTHED * len(values)))
    total = np.concatenate([[0.0], np.cumsum(values)])
    places = np.arange(1, len(values) + 1)
    first = np.maximum(0, places - window)
    means = (total[places] - total[first]) / (places - first)
    return [float(mean) for mean in means]
