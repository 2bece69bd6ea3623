"""One night: the canary, the run, the gate, the page, and the records that the next night reads."""

import datetime
import json
import time
import traceback
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.text import Text

from pipelines.canary import draw_canary
from pipelines.config import RunConfig
from pipelines.evaluation import RunResult, check, evaluate
from pipelines.job import show_run
from pipelines.provenance import model_digests
from safesweep.cli.exits import say_error
from safesweep.endpoint.spent import left_text
from safesweep.errors import InputError, NotJudgedError
from safesweep.guidance.cell import Cell
from safesweep.lake.store import RunStore
from safesweep.models.checkpoint import digest
from safesweep.regression.baselines import BaselineStore
from safesweep.regression.cell_content import cell_content, check_allowed
from safesweep.regression.comparison_text import STYLES, render
from safesweep.regression.history_page import write_history
from safesweep.regression.judging import JudgedNight, judge_night, own_baseline
from safesweep.regression.nights import Night, NightStore, last_good
from safesweep.regression.paging import page
from safesweep.regression.policy import Policy
from safesweep.regression.summary import summary_markdown
from safesweep.reports.write import write_report
from safesweep.terminal import sayable


def run_night(
    config: RunConfig,
    policy: Policy,
    *,
    suite: str,
    run_id: str,
    date: datetime.date,
    out: Path,
    console: Console,
    page_command: Sequence[str] = (),
) -> int:
    """Runs the preset, judges it, writes everything, pages when the policy says so; returns the gate's exit code.

    An error while the canary is drawn or the run is under way does not end the night without a record: the night is INCONCLUSIVE.
    Raises ``InputError`` for what a user can mend before anything is computed, and when another process holds the suite.
    """
    config = config.model_copy(update={"run_id": run_id})
    plan, store = check(config)
    baseline = BaselineStore(config.lake).current(suite)
    if baseline and baseline.run_id == run_id:
        raise NotJudgedError(own_baseline(suite, run_id))
    nights = NightStore(config.lake, suite)
    good = last_good(nights.before(run_id, date))
    check_allow(policy, plan.cells, [RunStore(config.lake, one.run_id) for one in (baseline, good) if one])
    started = time.monotonic()
    with nights.lock(run_id):
        canary, canary_error, run_error = None, None, None
        # a service shows no noise and no weights, which a canary tells faults apart by
        if policy.canary.enabled and config.diffusion.service is None:
            console.print("drawing the canary")
            try:
                canary = draw_canary(config, policy.canary, nights.folder, run_id)
            except Exception as error:  # whatever broke it is a finding of this night
                canary_error = _failure("the canary could not be drawn", error)
        try:
            result = evaluate(config, plan, store, console)
            show_run(config, result, console)
            run_error = _budget_spent(config, result)
        except InputError:
            raise
        except Exception as error:  # likewise
            run_error = _failure("the run did not end", error)
        run_error = run_error or exchanged_models(config)
        judged = judge_night(
            config.lake,
            policy,
            suite=suite,
            run_id=run_id,
            date=date,
            canary=canary,
            canary_error=canary_error,
            run_error=run_error,
            seconds=time.monotonic() - started,
        )
        judged = record(judged, nights, policy, page_command)
        publish(judged, config.lake, nights, out, console, banner=config.banner)
    return judged.night.verdict.exit_code


def check_allow(policy: Policy, cells: Sequence[Cell], others: Sequence[RunStore]) -> None:
    """Raises ``InputError`` for an allowed key that neither tonight's cells have nor those of the runs that it is compared with."""
    written = [cell.canonical_json() for cell in cells]
    for store in others:
        written += [json.dumps(cell) for cell in (store.manifest() or {}).get("cells", ())]
    check_allowed(policy.allow, [cell_content(text) for text in written])


def _budget_spent(config: RunConfig, result: RunResult) -> str | None:
    """Why the run is not whole, where a service's budget ended it."""
    service = config.diffusion.service
    left = left_text(result.engines, service, result.missing, result.store.run_id) if service is not None else ""
    return f"the run did not end: {left}" if left else None


def exchanged_models(config: RunConfig) -> str | None:
    """What is wrong when the models' files are no longer those that the run's manifest names: some pictures were made with others."""
    manifest = RunStore(config.lake, config.run_id or "").manifest()
    digest.cache_clear()
    there = model_digests(config)
    named = manifest["models"] if manifest else there
    changed = [
        f"{role} {named[role]} → {there[role]}" for role in there if role in named and named[role] != there[role]
    ]
    return f"models were exchanged while the run was under way: {'; '.join(changed)}" if changed else None


def record(judged: JudgedNight, nights: NightStore, policy: Policy, page_command: Sequence[str] = ()) -> JudgedNight:
    """Calls whom the policy names, and runs ``page_command``, where a page is due, once a night however often it is judged; puts the night
    on record."""
    night, path = judged.night, nights.path(judged.night.run_id)
    before = Night.model_validate_json(path.read_text()) if path.exists() else None
    if night.paged and not (before and before.paged):
        errors = page(policy.page, night, page_command)
        night = night.model_copy(update={"page_error": "; ".join(errors) or None})
    nights.write(night)
    return replace(judged, night=night)


def publish(
    judged: JudgedNight,
    lake: Path,
    nights: NightStore,
    out: Path,
    console: Console,
    *,
    banner: str | None = None,
    report: bool = True,
) -> None:
    """Writes summary, history page and (unless ``report`` is false) the run's report, and prints what came of the night."""
    night = judged.night
    out.mkdir(parents=True, exist_ok=True)
    summary = out / "summary.md"
    summary.write_text(summary_markdown(night, judged.against_reference, judged.against_last_good, banner=banner))
    history = write_history(nights.all(), nights.folder / "history.html", banner=banner)
    if judged.against_reference:
        console.print(render(judged.against_reference))
    if report and night.held:
        console.print(Text(_report(lake, night.run_id, out / "report.html")), soft_wrap=True)
    console.print(f"summary   {summary}\nhistory   {history}\nrecord    {nights.path(night.run_id)}", soft_wrap=True)
    for reason in night.reasons:
        console.print(Text(f"          {reason}"), soft_wrap=True)
    if night.paged:
        console.print(Text(f"PAGE      {night.suite}: {night.finding}", style="bold red"), soft_wrap=True)
    if night.page_error:
        console.print(Text(f"error: the page did not go out: {night.page_error}", style="bold red"), soft_wrap=True)
    console.print(
        Text.assemble("night     ", (str(night.verdict), STYLES[night.verdict]), f"  {night.run_id}"), soft_wrap=True
    )


def _report(lake: Path, run_id: str, file: Path) -> str:
    try:
        return f"report    {write_report(lake, run_id, out=file).page}"
    except Exception as error:  # the verdict stands without its picture book
        return _failure("the report could not be written", error)


def _failure(what: str, error: Exception) -> str:
    say_error("".join(traceback.format_exception(error)).rstrip())
    said = f"{what}: {type(error).__name__}: {' '.join(str(error).split())}"
    return sayable(said)[: len(what) + 300]
