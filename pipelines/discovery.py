"""Finding a direction as a job: a Ray task that learns, a driver that keeps its state, and what is left behind."""

import io
import json
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from rich.console import Console

from pipelines.cluster import Demand, cluster, require_nodes
from pipelines.cluster_address import named_cluster
from pipelines.discovery_config import DiscoveryConfig, FrozenModel
from safesweep.errors import InputError
from safesweep.files import write_whole
from safesweep.guidance.direction import CONFIG, Direction
from safesweep.guidance.discovery import Discovery, Update
from safesweep.guidance.loss_curve import draw_losses
from safesweep.guidance.recipe import Recipe
from safesweep.lake.lease import Place, hold
from safesweep.models import check_embedded, check_pipeline, check_solvers, check_text_tokens, family_of
from safesweep.models.checkpoint import digest, model_folder
from safesweep.models.probe import EVERY

STATE, CURVE, LEASE = "discovery.pt", "loss.png", "discovery.lease"
SAY_EVERY_S = 10.0


@dataclass(frozen=True)
class Discovered:
    """How a discovery ended."""

    direction: Direction
    folder: Path
    updates: list[Update]
    seconds: float
    """Of this start; 0 when the direction was there already."""


def check_discovery(config: DiscoveryConfig) -> None:
    """Checks everything that can be checked before a model is loaded. Raises ``InputError``."""
    if config.recipe.solver not in EVERY:
        raise InputError(f"recipe.solver: {config.recipe.solver!r} is not supported; allowed: {', '.join(EVERY)}")
    named_cluster(config.address)
    check_pipeline(config.diffusion.model, config.diffusion.revision)
    solver = config.recipe.solver, config.recipe.num_inference_steps
    size = config.recipe.width, config.recipe.height
    check_solvers(config.diffusion.model, config.diffusion.revision, [solver], [size])
    check_embedded(config.diffusion.model, config.diffusion.revision, [config.recipe.embedded_guidance])
    check_text_tokens(config.diffusion.model, config.diffusion.revision, config.diffusion.text_tokens)
    family = family_of(config.diffusion.model, config.diffusion.revision)
    if config.recipe.kind == "shift" and not family.FIXED_LENGTH:
        raise InputError(
            f"recipe.kind: shift moves every token by its place; texts of {family.__name__} have no fixed length; allowed: conditional"
        )
    if config.out.exists() and not config.out.is_dir():
        raise InputError(f"out: {config.out} is a file; allowed: a folder, there or not")
    there = config.folder / CONFIG
    if there.exists() and not _same(Direction.load(str(config.folder.resolve())), config):
        raise InputError(
            f"name: {config.folder} holds a direction that another recipe or model gave; choose another name, or remove it"
        )


def _base_model(config: DiscoveryConfig) -> str:
    return f"{config.diffusion.model}@{digest(config.diffusion.model, config.diffusion.revision)}"


def _same(direction: Direction, config: DiscoveryConfig) -> bool:
    return direction.recipe == config.recipe.model_dump(mode="json") and direction.base_model == _base_model(config)


def discover(config: DiscoveryConfig, console: Console) -> Discovered:
    """Learns what is left to learn and writes direction, loss curve and config. A killed job started again goes on after its last
    whole round; one that is over is not done again.

    Raises:
        InputError: as ``check_discovery``, when another process writes this direction, and when the loss runs away.
        LeaseLostError: another process took this one for dead and went on with the direction.
    """
    check_discovery(config)
    if (found := _there(config, console)) is not None:
        return found
    place = Place(config.folder / LEASE, "name", f"direction {config.name!r}", config.out)
    with hold(place, config.wait_for_lease_s):
        # what another start may have left while this one waited
        check_discovery(config)
        return _there(config, console) or _discover(config, console)


def _there(config: DiscoveryConfig, console: Console) -> Discovered | None:
    if not (config.folder / CONFIG).exists():
        return None
    console.print(f"{config.folder} holds this direction already")
    return Discovered(Direction.load(str(config.folder.resolve())), config.folder, [], 0.0)


def _discover(config: DiscoveryConfig, console: Console) -> Discovered:
    started = time.monotonic()
    config.folder.mkdir(parents=True, exist_ok=True)
    kept = config.folder / STATE
    base_model = _base_model(config)
    state = _read_state(kept, config, base_model)
    progress = _Progress(console, config.recipe)
    with cluster(config.address, console.print):
        settings = config.diffusion
        resources = {"CPU": settings.num_cpus, "GPU": settings.num_gpus}
        require_nodes([Demand("discovery", 1, resources, settings.label_selector)], config.wait_for_nodes_s)
        for saved in _rounds(config, state):
            write_whole(kept, _pack({"base_model": base_model, **saved}))
            state = saved
            progress.say(saved)
    assert state is not None
    updates = [Update(*update) for update in state["updates"]]
    direction = Direction(
        config.name,
        config.recipe.kind,
        (state["factors"][0], state["factors"][1]),
        base_model,
        config.recipe.model_dump(mode="json"),
    )
    draw_losses(updates, config.folder / CURVE, f"{config.name}: {config.recipe.kind}, rank {config.recipe.rank}")
    direction.save(config.folder)
    kept.unlink()
    return Discovered(direction, config.folder, updates, time.monotonic() - started)


def _read_state(path: Path, config: DiscoveryConfig, base_model: str) -> dict[str, Any] | None:
    if not path.exists():
        return None
    import torch

    try:
        state: dict[str, Any] = torch.load(path, weights_only=True)
        same = state["base_model"] == base_model and Recipe.model_validate_json(state["recipe"]) == config.recipe
    except Exception as error:
        raise InputError(f"{path}: is not the state of a discovery ({type(error).__name__}); remove it") from None
    if not same:
        raise InputError(f"name: {path} belongs to another recipe or model; choose another name, or remove it")
    return state


def _rounds(config: DiscoveryConfig, state: dict[str, Any] | None) -> Iterator[dict[str, Any]]:
    """The state after each round, as the task on the cluster gives them."""
    import ray
    from ray.exceptions import RayTaskError

    if state is not None and state["rounds_done"] >= config.recipe.rounds:
        yield state
        return
    settings = config.diffusion
    task = ray.remote(
        num_cpus=settings.num_cpus,
        num_gpus=settings.num_gpus,
        label_selector=settings.label_selector,
        # tried again it would begin anew; started again the job goes on
        max_retries=0,
    )(_learn)
    started = task.options(num_returns="streaming").remote(settings, config.recipe, _pack(state))
    # Ray's types know no task that gives one state after the other
    for reference in cast("Iterable[ray.ObjectRef[bytes]]", started):
        try:
            yield _unpack(ray.get(reference))
        except RayTaskError as error:
            cause = error.cause
            raise (cause if isinstance(cause, InputError) else error) from None


def _learn(settings: FrozenModel, recipe: Recipe, state: bytes) -> Iterator[bytes]:
    """The Ray task: all rounds that are left, one state a round."""
    import torch

    from safesweep.models import load as load_model

    if settings.threads:
        torch.set_num_threads(settings.threads)
    folder = model_folder(settings.model, settings.revision).path
    model = load_model(
        str(folder), settings.device, settings.dtype, autocast=settings.autocast, text_tokens=settings.text_tokens
    )
    discovery = Discovery(model, recipe, _unpack(state))
    for _ in discovery.run():
        yield _pack(discovery.state())


def _pack(state: dict[str, Any] | None) -> bytes:
    import torch

    buffer = io.BytesIO()
    torch.save(state, buffer)
    return buffer.getvalue()


def _unpack(data: bytes) -> Any:
    import torch

    return torch.load(io.BytesIO(data), weights_only=True)


class _Progress:
    """A line every so often."""

    def __init__(self, console: Console, recipe: Recipe) -> None:
        self._console, self._recipe = console, recipe
        self._started = self._said = time.monotonic()

    def say(self, state: dict[str, Any]) -> None:
        now, done = time.monotonic(), state["rounds_done"]
        if now - self._said < SAY_EVERY_S and done < self._recipe.rounds:
            return
        self._said = now
        latest = [Update(*update) for update in state["updates"] if update[0] == done - 1]
        loss, harmless = (float(np.mean([getattr(u, part) for u in latest])) for part in ("loss", "harmless"))
        beside = f", harmless change {harmless:.4f}" if self._recipe.harmless else ""
        self._console.print(
            f"{now - self._started:5.0f} s  round {done} of {self._recipe.rounds}: loss {loss:.4f}{beside}"
        )


def show_found(found: Discovered, config: DiscoveryConfig, console: Console) -> None:
    """Prints what was found, where it is, and how a cell uses it."""
    if config.banner:
        console.print(config.banner, style="bold yellow")
    direction = found.direction
    console.print(
        f"direction {found.folder} ({direction.kind}, rank {direction.rank}, sha256:{direction.digest[:16]}…)"
    )
    if found.updates:
        first, last = (_mean_loss(found.updates, place) for place in (0, found.updates[-1].round))
        console.print(f"loss      {first:.4f} in the first round, {last:.4f} in the last, {len(found.updates)} updates")
        console.print(f"curve     {found.folder / CURVE} ({found.seconds:.0f} s)")
    edit = "safe_region" if direction.kind == "shift" else "conditional_region"
    used = {"method": "none", "edit": {"edit": edit, "direction": str(found.folder)}}
    console.print(f"cell      {json.dumps(used)}", soft_wrap=True)


def _mean_loss(updates: list[Update], number: int) -> float:
    return float(np.mean([update.loss for update in updates if update.round == number]))
