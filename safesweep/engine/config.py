"""How an engine batches."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

Policy = Literal["last", "nothing"]
"""What an answer is supposed to say: what the trial's last one said, before the first one nothing; or always nothing."""


@dataclass(frozen=True)
class EngineConfig:
    """How much is batched and how much is in flight."""

    max_rows: int = 64
    """Network rows of one forward."""
    max_trajectories: int | None = None
    """Trajectories in flight; more work waits. ``None``: by Little's law from the times measured, see ``InFlightBound``."""
    most_trajectories: int = 512
    """What that law may ask for at most: a trajectory holds its latents and the solver's history."""
    reproducible: bool = False
    """Pad every forward to ``max_rows`` and decode one by one: a picture's bits then do not depend on its neighbours."""
    decode_batch: int = 16
    """Latents decoded together in the default mode."""
    share: bool = True
    """Let the trials of a request share a trajectory while they would take the same steps."""

    speculate: Policy | None = None
    """Let trajectories that await an answer go on under a supposed one, in rows that would be padding; ``None``: let them wait."""
    most_supposed_questions: int = 256
    """Questions under way at once that rest on supposed answers."""

    most_checkpoints: int = 8
    """Models of checkpoints in memory at a time, beside the base; the others are loaded in turn."""

    few_sizes: bool = False
    """Pad to halves of ``max_rows`` and no sizes between, as a compiled network wants it, each of whose sizes takes minutes to prepare."""

    @cached_property
    def buckets(self) -> tuple[int, ...]:
        """Padded batch sizes, ascending: ``max_rows`` and its halves, and its eighths where few sizes are not wanted.

        Supposed answers live on rows that would be padding: with them, only forwards that are more than half full are padded to eighths.
        """
        if self.reproducible:
            return (self.max_rows,)
        halves = [self.max_rows]
        while halves[0] > 4:
            halves.insert(0, (halves[0] + 1) // 2)
        finest = 5 if self.speculate else 1
        eighths = [] if self.few_sizes else [-(-self.max_rows * part // 8) for part in range(finest, 8)]
        return tuple(sorted({*halves, *eighths}))

    def bucket(self, rows: int) -> int:
        """Rows that a forward of ``rows`` is padded to."""
        return next(size for size in self.buckets if size >= rows)

    @property
    def decode_together(self) -> int:
        """Latents of one decoding: in reproducible mode one."""
        return 1 if self.reproducible else self.decode_batch
