"""Where an engine stands while it works: what a run's progress and its metrics are made of."""

from dataclasses import asdict, dataclass
from typing import Self

from safesweep.engine.counters import Counters


@dataclass(frozen=True)
class EngineStatus:
    """Counts from the engine's start on, and four levels of the moment."""

    steps: int
    trials: int
    """Ended, those that failed among them."""
    failed: int
    refused: int
    """By a service under test."""
    unsent: int
    """Left to do, for the budget was used up."""
    requests: int
    """To a service under test."""
    money: float
    """That its pictures cost."""
    rows_padded: int
    rows: int
    rows_supposed: int
    """Of these: computed under supposed answers."""
    rows_in_vain: float
    """Of these: those whose suppositions turned out wrong."""
    questions: int
    questions_supposed: int
    """Of these: sent under supposed answers."""
    questions_confirmed: int
    """Of these: whose suppositions have turned out right."""
    checkpoints_loaded: int
    """Times that a checkpoint's model was made."""
    forward_seconds: float
    """In the network."""
    seconds: float
    """Since the engine's start."""
    in_flight: int
    """Trajectories."""
    parked: int
    """Of these: those that await an answer of the VLM."""
    waiting: int
    """Requests that are not begun yet."""
    steps_in_flight: int
    """Solver steps, each counted once a trial, of the trials that are under way: a kill now would lose them."""

    @classmethod
    def of(
        cls, counters: Counters, seconds: float, in_flight: int, parked: int, waiting: int, steps_in_flight: int
    ) -> Self:
        """What ``counters`` have now, with the engine's age and its levels."""
        return cls(
            steps=counters.steps,
            trials=counters.trials,
            failed=counters.failed,
            refused=counters.refused,
            unsent=counters.unsent,
            requests=counters.requests,
            money=counters.money,
            rows=counters.rows,
            rows_padded=counters.rows_padded,
            rows_supposed=counters.rows_supposed,
            rows_in_vain=counters.rows_in_vain,
            questions=counters.questions,
            questions_supposed=counters.questions_supposed,
            questions_confirmed=counters.questions_confirmed,
            checkpoints_loaded=counters.checkpoints_loaded,
            forward_seconds=counters.forward_seconds,
            seconds=seconds,
            in_flight=in_flight,
            parked=parked,
            waiting=waiting,
            steps_in_flight=steps_in_flight,
        )

    def as_dict(self) -> dict[str, float]:
        """Name -> value."""
        return asdict(self)
