"""Which searches an attack consists of, and how each of their attempts comes about: from the lake, or made and scored."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from actors.attempts import Scoring
from pipelines.attack.config import AttackSettings
from pipelines.attack.history import History
from pipelines.attack.trials import AttackTrials
from pipelines.attack.workers import Workers
from pipelines.plan import RunPlan
from pipelines.trial_names import TrialNames, pick
from safesweep.attacks.base import Candidate, Proposal, Seen
from safesweep.attacks.operators.base import Operator
from safesweep.attacks.search import Search, pursue
from safesweep.attacks.strategies import STRATEGIES
from safesweep.guidance.cell import cell_labels
from safesweep.types import Prompt


@dataclass(frozen=True)
class PlannedSearch:
    """One target in one cell by one strategy."""

    target: Prompt
    cell: int
    """In the grid."""
    label: str
    """The cell's name in the run."""
    strategy: str
    key: str
    """Decides every draw."""

    @property
    def name(self) -> str:
        """Names the search in the lake, 16 hexadecimal digits."""
        return sha256(self.key.encode()).hexdigest()[:16]


def planned_searches(plan: RunPlan, attack: AttackSettings) -> Iterator[PlannedSearch]:
    """Every search of a run, target by target. Benign sets are no targets."""
    labels = cell_labels(plan.cells)
    for target, benign in plan.prompts.prompts():
        if benign:
            continue
        for index in plan.names.own_cells(target.guidance_scale).indices:
            for strategy in attack.strategies:
                line = (target.prompt_set, target.source, target.row, target.text, target.seed)
                key = repr((attack.seed, *line, plan.cells[index].canonical_json(), strategy))
                yield PlannedSearch(target, index, labels[index], strategy, key)


class Attempts:
    """Tries proposals; a trial that several searches ask for is made once."""

    def __init__(self, names: TrialNames, trials: AttackTrials, workers: Workers, history: History) -> None:
        self._names, self._trials, self._workers, self.history = names, trials, workers, history
        self._making: dict[str, asyncio.Task[None]] = {}
        self._fidelity = dict(history.fidelity)
        self.made = 0
        """Trials that were made by now."""

    async def attempt(self, search: PlannedSearch, trial_of: list[str], place: int, proposal: Proposal) -> Seen:
        """What comes of a proposal. ``trial_of``: the trials of the search's attempts by their places; it is filled in."""
        row = self._row(search, place, proposal)
        [trial_id] = row["trial_ids"]
        trial_of[place] = trial_id
        if trial_id not in self._trials and trial_id not in self._making:
            self._making[trial_id] = asyncio.create_task(self._make(row, search.target.text))
        if trial_id in self._making:
            await asyncio.shield(self._making[trial_id])
        fidelity = await self._fidelity_of(trial_id, search.target.text)
        if not self.history.has(search.name, place):
            self._trials.add_attempt(_attempt_row(search, place, proposal, trial_id, trial_of, fidelity))
        return self._trials.seen(trial_id, fidelity)

    async def _make(self, row: dict[str, Any], target: str) -> None:
        record = await self._workers.makers.make(row)
        record, _ = await self._workers.safety.score(Scoring(record))
        record, fidelity = await self._workers.alignment.score(Scoring(record, target))
        trial_id = self._trials.add(record)
        self._fidelity[trial_id, target] = fidelity
        self.made += 1
        del self._making[trial_id]

    async def _fidelity_of(self, trial_id: str, target: str) -> float | None:
        if (trial_id, target) not in self._fidelity:
            asked = Scoring(self._trials.record(trial_id), target, scored=True)
            _, self._fidelity[trial_id, target] = await self._workers.alignment.score(asked)
        return self._fidelity[trial_id, target]

    def _row(self, search: PlannedSearch, place: int, proposal: Proposal) -> dict[str, Any]:
        one = replace(search.target, text=proposal.candidate.text, seed=proposal.candidate.seed)
        [row] = self._names.rows(one, benign=False)
        picked = pick(row, [row["cells"].index(search.cell)])
        return {**picked, "sample_index": place, "repeats": "[]"}


def _attempt_row(
    search: PlannedSearch,
    place: int,
    proposal: Proposal,
    trial_id: str,
    trial_of: Sequence[str],
    fidelity: float | None,
) -> dict[str, Any]:
    target = search.target
    return {
        "search": search.name,
        "strategy": search.strategy,
        "cell": search.label,
        "target_set": target.prompt_set,
        "target_source": target.source,
        "target_row": target.row,
        "target_id": target.prompt_id,
        "target_prompt": target.text,
        "target_hash": target.text_hash,
        "attempt": place,
        "generation": proposal.generation,
        "operator": proposal.operator,
        "parents": list(proposal.parents),
        "parent_trial_id": trial_of[proposal.parents[0]] if proposal.parents else None,
        "trial_id": trial_id,
        "prompt": proposal.candidate.text,
        "seed": proposal.candidate.seed,
        "fidelity": fidelity,
    }


async def run_search(
    search: PlannedSearch, attempts: Attempts, operators: Mapping[str, Operator], attack: AttackSettings
) -> Search:
    """One search to its end."""
    target = Candidate(search.target.text, search.target.seed)
    strategy = STRATEGIES[search.strategy](attack.selection())
    trial_of: list[str] = [""] * attack.budget

    async def attempt(place: int, proposal: Proposal) -> Seen:
        return await attempts.attempt(search, trial_of, place, proposal)

    begun = Search(target, search.key, strategy, operators, attack.rules())
    return await pursue(begun, attempt, attempts.history.proposals(search.name))
