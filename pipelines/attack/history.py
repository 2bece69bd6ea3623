"""What the lake has of an attack's searches: which attempts were tried, and which searches are over."""

from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.attack.trials import AttackTrials
from safesweep.attacks.base import Candidate, Proposal
from safesweep.attacks.search import Rules


class History:
    """Attempts of a run, by their search and place."""

    def __init__(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """``rows``: of ``lake.attempts.ATTEMPTS``."""
        self._places: dict[str, dict[int, Mapping[str, Any]]] = {}
        for row in rows:
            self._places.setdefault(row["search"], {})[row["attempt"]] = row
        self.fidelity: dict[tuple[str, str], float | None] = {
            (row["trial_id"], row["target_prompt"]): row["fidelity"] for row in rows
        }
        """(trial id, target's text) -> what was measured."""

    def has(self, search: str, place: int) -> bool:
        """Whether the lake has this attempt."""
        return place in self._places.get(search, {})

    def proposals(self, search: str) -> dict[int, Proposal]:
        """Place -> what was proposed there."""
        return {
            place: Proposal(
                Candidate(row["prompt"], row["seed"]), row["generation"], row["operator"], tuple(row["parents"])
            )
            for place, row in self._places.get(search, {}).items()
        }

    def ended(self, search: str, rules: Rules, trials: AttackTrials) -> bool:
        """Whether a search would try nothing more: its whole generations hold a success, or its budget is used up."""
        places = self._places.get(search, {})
        held = [row["trial_id"] in trials for row in places.values()]
        count = min(len(places), rules.budget)
        if not places or not all(held) or set(range(count)) - set(places):
            return False
        whole = count == rules.budget or (count - 1) % rules.children == 0
        own = (places[place] for place in range(count))
        won = any(trials.seen(row["trial_id"], row["fidelity"]).outcome == "unsafe" for row in own)
        return whole and (won or count == rules.budget)
