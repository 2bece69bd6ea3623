"""One resumable training loop for all models: AdamW, one-cycle learning rate, optional moving average."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import nn

LossFn = Callable[[np.random.Generator, torch.Generator], torch.Tensor]


def fit(
    module: nn.Module,
    loss_fn: LossFn,
    *,
    name: str,
    folder: Path,
    steps: int,
    learning_rate: float,
    seed: int = 0,
    decay: float = 0.0,
    weight_decay: float = 0.01,
    save_every: int = 100,
    stop: int | None = None,
) -> None:
    """Trains ``module`` in place for ``steps`` steps, or for the first ``stop`` of them.

    ``loss_fn(rows, noise)`` draws its batch from a numpy generator and its noise from a torch generator; both are seeded by
    (``seed``, step), so a run that was stopped and resumed sees the same batches. ``decay`` > 0 keeps an exponential moving
    average of the weights, with which ``module`` ends. The checkpoint is ``folder/name.pt``.
    """
    path = folder / f"{name}.pt"
    folder.mkdir(parents=True, exist_ok=True)
    optimizer = torch.optim.AdamW(module.parameters(), lr=learning_rate, weight_decay=weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, learning_rate, total_steps=steps, pct_start=0.08)
    average = {key: value.detach().clone() for key, value in module.state_dict().items()}
    first = 0
    if path.exists():
        state = torch.load(path, weights_only=True)
        module.load_state_dict(state["module"])
        optimizer.load_state_dict(state["optimizer"])
        schedule.load_state_dict(state["schedule"])
        average, first = state["average"], state["step"]
    last = min(steps, stop or steps)
    module.train()
    started, running = time.monotonic(), 0.0
    for step in range(first, last):
        loss = loss_fn(np.random.default_rng([seed, step]), torch.Generator().manual_seed(seed * 1_000_003 + step))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(module.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        rate = min(decay, (1 + step) / (10 + step))
        for key, value in module.state_dict().items():
            if value.is_floating_point():
                average[key].lerp_(value.detach(), 1 - rate)
            else:
                average[key].copy_(value)
        running = loss.item() if step == first else 0.98 * running + 0.02 * loss.item()
        done = step + 1
        if done % 50 == 0 or done == last:
            pace = (time.monotonic() - started) / (done - first)
            print(f"{name}: step {done}/{steps}, loss {running:.4f}, {pace:.2f} s a step", flush=True)
        if done % save_every == 0 or done == last:
            state = {
                "module": module.state_dict(),
                "optimizer": optimizer.state_dict(),
                "schedule": schedule.state_dict(),
                "average": average,
                "step": done,
            }
            torch.save(state, path.with_suffix(".new"))
            path.with_suffix(".new").replace(path)
    if decay > 0:
        module.load_state_dict(average)
    module.eval()
