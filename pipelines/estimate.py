"""What a run will take, before it is started: trials, network rows, questions, bytes, and with measured speeds hours and replicas.

Nothing is loaded and no cluster is started: rows and questions follow from the methods alone (``engine.work``), for a VLM that finds
nothing and for one that finds everything; what is expected lies between, by ``plan.found_share``.
"""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from pipelines.config import RunConfig
from pipelines.evaluation import check_choices
from pipelines.plan import RunPlan, make_plan
from pipelines.prompt_sets import picture_sizes, read_prompt_sets
from safesweep.endpoint.settings import ImagesApiSettings
from safesweep.endpoint.texts import asked_texts
from safesweep.engine.work import Levels, Work, count_work, usual_levels
from safesweep.errors import InputError
from safesweep.lake.pictures import PREVIEW_SIDE
from safesweep.lake.store import RunStore
from safesweep.models import check_pipeline, check_solvers
from safesweep.models.checkpoint import digest
from safesweep.models.tokens import tokens_lost
from safesweep.redaction import shown_url
from safesweep.reports.gate_text import planned_gates_text
from safesweep.reports.plan_table import plan_table
from safesweep.reports.service_plan import ServicePlan, budget_advice, service_plan_table

PREVIEW_BYTES_PER_PIXEL = 0.25
"""Of a WebP of quality 80; a photograph of 128 × 128 takes some 4 kB."""
ROW_BYTES = 1_000
"""A trial's other columns, compressed: ids, texts, evidence."""
ROWS_A_BLOCK_IN_FLIGHT = 16
"""Ray Data's bound on the rows of one block that an async UDF works on at a time."""


class Planned(NamedTuple):
    """A run's trials, and what stands in the way of making them here."""

    plan: RunPlan
    missing: tuple[str, ...]
    """One line for each model that is not on this machine."""
    tokens: tuple[str, ...] = ()
    """One line where prompts are longer than a text encoder takes."""


@dataclass(frozen=True)
class Case:
    """The run under one supposition about the VLM's answers; times are ``None`` where no speed was given."""

    work: Work
    lake_bytes: float
    diffusion_hours: float | None = None
    """All diffusion actors busy throughout."""
    diffusion_hours_alone: float | None = None
    """The same without sharing."""
    answers_per_second: float | None = None
    """What the VLM pool must sustain so that no diffusion actor waits."""
    vlm_replicas: int | None = None
    """Replicas that sustain it at ``plan.vlm_load``; 0 when nothing is asked."""
    hours: float | None = None
    """With the configured number of replicas, the slower of the two pools setting the pace."""
    trajectories_in_flight: int | None = None
    """That one diffusion actor needs so that its batches stay full while answers are awaited."""
    prompts_in_flight: int | None = None
    """Rows of Ray Data that give an actor so many trajectories."""


@dataclass(frozen=True)
class RunEstimate:
    """What a run will take."""

    trials: int
    prompts: int
    """Prompt × sample rows."""
    cells: int
    repeated: int
    """Trials that several rows ask for, made once."""
    least: Case
    """The VLM never finds anything."""
    expected: Case
    """It finds something in ``plan.found_share`` of the prompts that are not benign, from the first question on, and in no benign one."""
    most: Case
    """It finds everything in every picture."""

    def cases(self) -> Mapping[str, Case]:
        """Name -> case, in the order of cost."""
        return {"nothing found": self.least, "expected": self.expected, "all found": self.most}


def plan_only(config: RunConfig) -> Planned:
    """The run's trials, less those that a named run's lake holds already; models need not be on this machine.

    Raises ``InputError`` for whatever is wrong with the configuration or the prompt files.
    """
    cells = check_choices(config)
    missing: list[str] = []

    def digest_or_name(model: str, revision: str | None = None) -> str:
        try:
            return digest(model, revision)
        except InputError as error:
            missing.append(str(error))
            return model

    plan = make_plan(config, read_prompt_sets(config), cells, digest_of=digest_or_name)
    if config.run_id and not missing:
        plan = plan.without(RunStore(config.lake, config.run_id).held().kept(config.retry_failed))
    return Planned(plan, tuple(dict.fromkeys(missing)), _tokens_lost(config, plan, missing))


def _tokens_lost(config: RunConfig, plan: RunPlan, missing: list[str]) -> tuple[str, ...]:
    if missing or config.diffusion.service is not None:
        return ()
    lost = tokens_lost(
        config.diffusion.model, config.diffusion.revision, (prompt.text for prompt, _ in plan.prompts.prompts())
    )
    return (lost.sentence(),) if lost.texts else ()


def estimate(plan: RunPlan, config: RunConfig) -> RunEstimate:
    """What ``plan`` takes with ``config``'s actors, replicas and, where ``config.plan`` gives them, speeds."""
    nothing, everything = Work(), Work()
    expected = Work()
    preview_pixels: dict[bool, float] = {False: 0.0, True: 0.0}
    expected_preview_pixels = 0.0
    pixels = 0
    known: dict[tuple[object, ...], tuple[Work, Work]] = {}
    levels = _levels(plan, config)
    for row in plan.requests():
        none_found, all_found = _row_work(plan, row, known, levels)
        share = 0.0 if row["benign"] else config.plan.found_share
        mixed = none_found.times(1 - share) + all_found.times(share)
        nothing, everything, expected = nothing + none_found, everything + all_found, expected + mixed
        pixels += row["width"] * row["height"] * (len(row["trial_ids"]) + len(json.loads(row["repeats"])))
        shown = _preview_pixels(row["width"], row["height"])
        preview_pixels[False] += shown * none_found.questions_alone
        preview_pixels[True] += shown * all_found.questions_alone
        expected_preview_pixels += shown * mixed.questions_alone
    fixed = pixels * config.plan.bytes_per_pixel + plan.trials * ROW_BYTES

    def case(work: Work, shown: float) -> Case:
        return _case(work, fixed + shown * PREVIEW_BYTES_PER_PIXEL, config)

    return RunEstimate(
        trials=plan.trials,
        prompts=plan.prompt_samples,
        cells=len(plan.cells),
        repeated=plan.repeated,
        least=case(nothing, preview_pixels[False]),
        expected=case(expected, expected_preview_pixels),
        most=case(everything, preview_pixels[True]),
    )


def estimate_service(plan: RunPlan, config: RunConfig, service: ImagesApiSettings) -> ServicePlan:
    """What ``plan`` asks of a service: requests, money, and hours at the rate that it is held to."""
    requests, pixels = 0, 0
    for row in plan.requests():
        requests += len(asked_texts(row["prompt"], row["seed"], [plan.cells[index] for index in row["cells"]]))
        pixels += row["width"] * row["height"] * (len(row["trial_ids"]) + len(json.loads(row["repeats"])))
    rate = service.requests_per_minute
    return ServicePlan(
        trials=plan.trials,
        prompts=plan.prompt_samples,
        cells=len(plan.cells),
        requests=requests,
        most_requests=requests * service.tries,
        money=requests * service.price_a_picture if service.price_a_picture else None,
        hours=requests / rate / 60 if rate else None,
        lake_bytes=pixels * config.plan.bytes_per_pixel + plan.trials * ROW_BYTES,
    )


def _show_service(plan: RunPlan, config: RunConfig, service: ImagesApiSettings, console: Console) -> None:
    found = estimate_service(plan, config, service)
    url = shown_url(service.url)
    console.print(service_plan_table(found, url=url, bytes_per_pixel=config.plan.bytes_per_pixel, banner=config.banner))
    for line in budget_advice(found, service.most_requests, service.most_money):
        console.print(f"advice   {line}", soft_wrap=True, highlight=False)
    for line in plan.notes:
        console.print(f"prompts  {line}", soft_wrap=True, highlight=False, markup=False)


def _levels(plan: RunPlan, config: RunConfig) -> Callable[[str, int, int, int], Levels]:
    """Noise levels by the checkpoint's own scheduler config, or by the usual one where the model is not here."""
    try:
        check_pipeline(config.diffusion.model, config.diffusion.revision)
    except InputError:
        return lambda solver, steps, width, height: usual_levels(solver, steps)
    solvers = [(cell.solver, cell.num_inference_steps) for cell in plan.cells]
    sizes = sorted(picture_sizes(config, plan.prompts))
    found = check_solvers(config.diffusion.model, config.diffusion.revision, solvers, sizes)
    return lambda *solver: found[solver]


def _row_work(
    plan: RunPlan,
    row: Mapping[str, object],
    known: dict[tuple[object, ...], tuple[Work, Work]],
    levels: Callable[[str, int, int, int], Levels],
) -> tuple[Work, Work]:
    """Work of a prompt's cells if nothing and if everything is found; prompts of one pattern are walked through once.

    Which cells share depends on which of their guidance scales are equal, and on whether they guide at all, above 1; what they ask
    depends on the noise levels, which may follow the picture's size.
    """
    indices, scales = row["cells"], row["guidance_scales"]
    assert isinstance(indices, list) and isinstance(scales, list)
    width, height = row["width"], row["height"]
    assert isinstance(width, int) and isinstance(height, int)
    solvers = dict.fromkeys((plan.cells[index].solver, plan.cells[index].num_inference_steps) for index in indices)
    seen = {solver: levels(*solver, width, height) for solver in solvers}
    equal = (scales.index(scale) for scale in scales)
    pattern = (*indices, *equal, *(scale > 1 for scale in scales), tuple(seen.values()))
    if pattern not in known:
        cells = [
            plan.cells[index].model_copy(update={"guidance_scale": scale})
            for index, scale in zip(indices, scales, strict=True)
        ]
        known[pattern] = (
            count_work(cells, found=False, levels=lambda *solver: seen[solver]),
            count_work(cells, found=True, levels=lambda *solver: seen[solver]),
        )
    return known[pattern]


def _preview_pixels(width: int, height: int) -> float:
    shrink = min(1.0, PREVIEW_SIDE / max(width, height))
    return width * height * shrink**2


def _case(work: Work, lake_bytes: float, config: RunConfig) -> Case:
    speeds, diffusion, vlm = config.plan, config.diffusion, config.vlm
    if speeds.rows_per_second is None or not work.rows:
        return Case(work, lake_bytes)
    seconds = work.rows / (speeds.rows_per_second * diffusion.actors)
    rate = work.questions / seconds
    answers = speeds.vlm_answers_per_second_per_replica
    latency = speeds.vlm_seconds_per_answer
    replicas: int | None = None
    paced = seconds
    if answers is not None:
        # the least pool also for a rate that is a whole multiple up to rounding
        replicas = math.ceil(rate / (answers * speeds.vlm_load) - 1e-9)
        paced = max(seconds, work.questions / (answers * vlm.replicas))
        if latency is None:
            latency = vlm.max_batch_size / answers
    elif work.questions:
        paced = math.nan
    else:
        replicas = 0
    flying, prompts = None, None
    if latency is not None or not work.questions:
        # Little: computing + waiting, the latter = questions a second of one actor × seconds an answer takes
        in_batch = diffusion.max_rows * work.trajectory_steps / work.rows
        waiting = rate / diffusion.actors * (latency or 0.0)
        flying = math.ceil(in_batch + waiting)
        prompts = math.ceil((in_batch + waiting) * work.prompt_steps / work.trajectory_steps)
    return Case(
        work=work,
        lake_bytes=lake_bytes,
        diffusion_hours=seconds / 3600,
        diffusion_hours_alone=work.rows_alone / (speeds.rows_per_second * diffusion.actors) / 3600,
        answers_per_second=rate,
        vlm_replicas=replicas,
        hours=None if math.isnan(paced) else paced / 3600,
        trajectories_in_flight=flying,
        prompts_in_flight=prompts,
    )


def estimate_table(found: RunEstimate, config: RunConfig) -> Table:
    """The estimate as a table, beside what of ``config`` it rests on."""
    return plan_table(
        found,
        actors=config.diffusion.actors,
        replicas=config.vlm.replicas,
        found_share=config.plan.found_share,
        bytes_per_pixel=config.plan.bytes_per_pixel,
        with_speeds=config.plan.rows_per_second is not None,
        banner=config.banner,
    )


def advice(found: RunEstimate, config: RunConfig) -> list[str]:
    """What the configuration should change so that no actor waits in the expected case, a line each."""
    case, lines = found.expected, []
    if case.vlm_replicas is not None and case.vlm_replicas > config.vlm.replicas:
        lines.append(
            f"vlm.replicas is {config.vlm.replicas}: the diffusion actors would wait for answers; {case.vlm_replicas} keep them busy"
        )
    fixed = config.diffusion.max_trajectories
    most, option = (fixed, "max") if fixed is not None else (config.diffusion.most_trajectories, "most")
    if case.trajectories_in_flight is not None and case.trajectories_in_flight > most:
        lines.append(
            f"diffusion.{option}_trajectories is {most}: batches would run half empty while answers are awaited; "
            f"{case.trajectories_in_flight} keep them full"
        )
    together = min(ROWS_A_BLOCK_IN_FLIGHT, config.prompts_per_block(found.cells))
    room = config.diffusion.concurrent_calls * together
    if case.prompts_in_flight is not None and case.prompts_in_flight > room:
        calls = math.ceil(case.prompts_in_flight / together)
        lines.append(
            f"diffusion.concurrent_calls is {config.diffusion.concurrent_calls}: an actor gets at most {room} prompts at a time; "
            f"{calls} give it {case.prompts_in_flight}"
        )
    return lines


def show_plan(config: RunConfig, console: Console) -> int:
    """Prints what a run of ``config`` would take, what should be configured otherwise, and which models are missing; 0."""
    planned = plan_only(config)
    if config.diffusion.service is not None:
        _show_service(planned.plan, config, config.diffusion.service, console)
        return 0
    found = estimate(planned.plan, config)
    console.print(estimate_table(found, config))
    if gates := planned_gates_text(found.expected.work):
        console.print(f"gates    {gates}", soft_wrap=True, highlight=False)
    for line in advice(found, config):
        console.print(f"advice   {line}", soft_wrap=True, highlight=False)
    for line in (*planned.plan.notes, *planned.tokens):
        console.print(f"prompts  {line}", soft_wrap=True, highlight=False, markup=False)
    for line in planned.missing:
        console.print(f"missing  {line}", soft_wrap=True, highlight=False)
    return 0
