"""The diffusion actor: an engine inside a Ray Data worker."""

import asyncio
import datetime
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from actors.engine_reports import report_engine, spent_before
from actors.leaving import leave_with_node
from actors.notices import listen
from actors.pool_start import may_begin
from actors.settings import DiffusionSettings
from safesweep.engine.status import EngineStatus
from safesweep.engine.trajectory import Exchange, Request, TrialResult
from safesweep.guidance.cell import Cell, cell_labels
from safesweep.lake.pictures import png, preview_webp
from safesweep.lake.schema import RECORD, SCHEMA, to_record
from safesweep.lake.status import FAILED, MADE, REFUSED
from safesweep.terminal import sayable
from safesweep.vlm.base import VlmSettings
from safesweep.vlm.reply import Reply

if TYPE_CHECKING:
    from safesweep.endpoint.engine import EndpointEngine
    from safesweep.engine.engine import Engine
    from safesweep.models.base import DiffusionModel


def load_diffusion(settings: DiffusionSettings) -> "DiffusionModel":
    """The model as every picture of a run is made with it. Raises ``InputError`` when it is not on this machine."""
    from safesweep.models import load
    from safesweep.models.checkpoint import model_folder

    tiny = settings.preview_decoder
    return load(
        str(model_folder(settings.model, settings.revision).path),
        settings.device,
        settings.dtype,
        preview_decoder=str(model_folder(tiny).path) if tiny else None,
        autocast=settings.autocast,
        compile_mode=settings.compile_mode,
        text_tokens=settings.text_tokens,
    )


class DiffusionActor:
    """Async UDF of ``flat_map``: a prompt with its missing cells in, one record a trial out, in cell order.

    The engine computes on a thread of its own and asks the VLM pool from an event loop of its own; Ray Data's loop only awaits.
    """

    _engine: "Engine | EndpointEngine | None" = None
    _model: "DiffusionModel | None" = None

    def __init__(
        self,
        settings: DiffusionSettings,
        vlm: VlmSettings | None,
        cells: Sequence[Cell],
        stamp: dict[str, Any],
        trace_folder: str | None = None,
        scope: str = "",
    ) -> None:
        listen("diffusion", scope)
        leave_with_node(self._status, scope)
        self._scope, self._begins = scope, False
        self._cells, self._labels, self._stamp = tuple(cells), cell_labels(cells), stamp
        if settings.service is not None:
            from safesweep.endpoint.engine import EndpointEngine

            self._engine = EndpointEngine(settings.service, *spent_before(scope))
            self._report = report_engine(self._engine.status, stamp["run_id"], scope)
            return
        import torch

        from safesweep.engine.config import EngineConfig
        from safesweep.engine.counters import Trace
        from safesweep.engine.engine import Engine

        if settings.threads:
            torch.set_num_threads(settings.threads)
        model = load_diffusion(settings)
        ask = None
        if vlm is not None:
            from actors.vlm import make_client

            ask = make_client(vlm, scope).ask
        self._model = model
        config = EngineConfig(
            max_rows=settings.max_rows,
            max_trajectories=settings.max_trajectories,
            most_trajectories=settings.most_trajectories,
            reproducible=settings.reproducible,
            decode_batch=settings.decode_batch,
            speculate=settings.speculate,
            most_supposed_questions=settings.most_supposed_questions,
            few_sizes=settings.compile_mode is not None,
            most_checkpoints=settings.most_checkpoints,
        )
        trace = None
        if settings.trace_ticks and trace_folder:
            trace = Trace(settings.trace_ticks, Path(trace_folder) / f"{stamp['run_id']}-{os.getpid()}.json")
        self._engine = Engine(model, config, ask, trace)
        self._report = report_engine(self._engine.status, stamp["run_id"], scope)

    def _status(self) -> EngineStatus | None:
        return None if self._engine is None else self._engine.status()

    async def __call__(self, row: dict[str, Any]) -> list[dict[str, bytes]]:
        """``row``: a prompt's columns, ``cells`` (indices), ``trial_ids`` and ``guidance_scales``, one each a cell."""
        if not self._begins:
            self._begins = await may_begin(self._scope)
        if not self._begins:
            return []
        cells = tuple(
            self._cells[index].model_copy(update={"guidance_scale": scale})
            for index, scale in zip(row["cells"], row["guidance_scales"], strict=True)
        )
        request = Request(row["prompt"], int(row["seed"]), int(row["width"]), int(row["height"]), cells)
        assert self._engine is not None
        results = await asyncio.wrap_future(self._engine.submit(request))
        # behind the last one the driver's sums are whole
        if not self._engine.waiting and self._engine.status().in_flight <= 1:
            self._report()
        labels = [self._labels[index] for index in row["cells"]]
        return await asyncio.to_thread(self._records, row, cells, labels, results)

    def _records(
        self, row: dict[str, Any], cells: Sequence[Cell], labels: Sequence[str], results: Sequence[TrialResult]
    ) -> list[dict[str, bytes]]:
        own = {key: value for key, value in row.items() if key in SCHEMA.names}
        own["categories"] = list(row["categories"])
        repeats: list[dict[str, Any]] = json.loads(row.get("repeats") or "[]")
        lost = None if self._model is None else self._model.lost(row["prompt"])
        found = []
        for place, (trial_id, cell, label, result) in enumerate(
            zip(row["trial_ids"], cells, labels, results, strict=True)
        ):
            if result.unsent:
                continue
            others = [repeat for repeat in repeats if repeat["place"] == place]
            lines = [{**own, "trial_id": trial_id, "repeat_of": None}]
            lines += [{**repeat, "repeat_of": trial_id} for repeat in others]
            made = trial_columns(cell, label, result, len(lines))
            found += [{RECORD: to_record({**made, "tokens_lost": lost, **line, **self._stamp})} for line in lines]
        return found


def trial_columns(cell: Cell, label: str, result: TrialResult, lines: int) -> dict[str, Any]:
    """Columns of a trial that ``lines`` rows of the lake stand for, which share what it cost."""
    return {
        "method": cell.method,
        "cell": label,
        "cell_json": cell.canonical_json(),
        "guidance_scale": cell.guidance_scale,
        "negative_scale": cell.negative_scale,
        "solver": cell.solver,
        "num_inference_steps": cell.num_inference_steps,
        "status": _status_of(result),
        "error": None if (said := result.refusal or result.error) is None else sayable(said),
        "picture": None if result.picture is None else png(result.picture),
        "exchanges": [_exchange(exchange, lines) for exchange in result.exchanges],
        "looks": [
            {"step": one.step, "probability": one.probability, "negative_scale": one.negative_scale}
            for one in result.looks
        ],
        "evidence": [],
        "rows": result.rows / lines,
        "rows_alone": result.rows_alone,
        "compute_seconds": result.compute_seconds / lines,
        "seconds": result.seconds,
        "finished_at": datetime.datetime.now(datetime.UTC),
    }


def _status_of(result: TrialResult) -> str:
    if result.refusal is not None:
        return REFUSED
    return FAILED if result.picture is None else MADE


def _exchange(exchange: Exchange, lines: int) -> dict[str, Any]:
    reply, verdict = Reply.of(exchange.answer), exchange.verdict
    return {
        "step": exchange.step,
        "preview": preview_webp(exchange.preview),
        "question": exchange.question,
        "answer": reply.raw,
        "terms": list(exchange.terms),
        "seconds": exchange.seconds,
        "shared_by": exchange.shared_by * lines,
        "finish_reason": reply.finish_reason,
        "prompt_tokens": None if exchange.reused else reply.prompt_tokens,
        "completion_tokens": None if exchange.reused else reply.completion_tokens,
        "answered_by": "reuse" if exchange.reused else "gate" if exchange.gated else "vlm",
        "audited": None if verdict is None else verdict.audited,
        "gate_terms": None if verdict is None else list(verdict.terms),
        "gate_confidence": None if verdict is None else verdict.confidence,
    }
