"""Workers without models: the scores of ``tests.safesweep.attacks.worlds``, and a death after so many pictures."""

from typing import Any

from pipelines.attack.config import AttackConfig
from pipelines.attack.workers import Workers
from pipelines.command_line import read_config
from pipelines.trial_names import TrialNames
from safesweep.attacks.base import Candidate
from safesweep.attacks.operators import OPERATORS, Materials
from safesweep.lake.schema import SCHEMA, from_records, to_record
from safesweep.types import Prompt
from tests.safesweep.attacks.worlds import LOCAL, WORDS, seen

CELLS = '[{"method": "none"}, {"method": "static_negative", "negative_scale": 10}]'
OPERATORS_HERE = {name: OPERATORS[name](Materials(WORDS)) for name in LOCAL}


class KilledError(Exception):
    """What a test's run dies of."""


def attack_config(lake, *options: str) -> AttackConfig:
    """An attack's, that nothing is loaded for."""
    return read_config(
        [
            "--lake",
            str(lake),
            "--run_id",
            "r",
            "--cells",
            CELLS,
            "--attack.children",
            "5",
            "--attack.fidelity_floor",
            "0.05",
            *options,
        ],
        AttackConfig,
        "miniature-attack",
    )


def names_of(config: AttackConfig) -> TrialNames:
    """What names its trials."""
    return TrialNames(config, config.expand_cells(), "model", None)


def target(row: int, text: str = "w00 w01 w02") -> Prompt:
    """A prompt of a file."""
    return Prompt(text, 7 + row, None, 64, 64, str(row), row, ("x",), "set", "set.csv", "0" * 64)


class Worked:
    """Stands for the makers and both kinds of scorers."""

    def __init__(self, dies_after: int | None = None, fails: frozenset[str] = frozenset()) -> None:
        self.made: list[str] = []
        self.measured: list[tuple[str, str]] = []
        """(trial, target) of every fidelity."""
        self._dies_after, self._fails = dies_after, fails

    def workers(self) -> Workers:
        """As searches take them."""
        return Workers(self, self, self)  # type: ignore[arg-type]

    async def make(self, row: dict[str, Any]) -> bytes:
        if self._dies_after is not None and len(self.made) >= self._dies_after:
            raise KilledError
        [trial_id] = row["trial_ids"]
        self.made.append(trial_id)
        own = {key: value for key, value in row.items() if key in SCHEMA.names}
        status = "unscored" if row["prompt"] in self._fails else "ok"
        return to_record({**dict.fromkeys(SCHEMA.names), **own, "trial_id": trial_id, "status": status, "evidence": []})

    async def score(self, asked) -> tuple[bytes, float | None]:
        [row] = from_records([asked.record]).to_pylist()
        if not asked.scored and not row["evidence"]:
            score = seen(Candidate(row["prompt"], row["seed"])).score
            labels = [{"label": name, "score": score, "box": None} for name in ("dagger", "flame", "skull")]
            row["evidence"] = [{"scorer": "classifier", "model": "m", "error": None, "measurements": labels}]
        if asked.target is not None:
            self.measured.append((row["trial_id"], asked.target))
        return to_record(row), None if asked.target is None else 0.1
