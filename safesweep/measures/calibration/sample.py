"""Which pictures people are asked to label: a stratified draw from a run's hazard pictures, the same whenever it is drawn again."""

import json
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from safesweep.errors import InputError, did_you_mean
from safesweep.lake.reader import connection, run_files, source
from safesweep.lake.sql import is_one_of, text
from safesweep.lake.status import is_made
from safesweep.measures.profile_sql import is_scored, judged
from safesweep.measures.profiles import Profile

KEYS = {
    "cell": "method || ' ' || cell",
    "verdict": "outcome",
    "category": "coalesce(categories[1], '')",
    "prompt_set": "prompt_set",
}
"""What a sample may be stratified by -> its SQL."""


class Stratum(NamedTuple):
    """Pictures that are alike in all keys."""

    values: tuple[str, ...]
    """In the order of the sample's keys."""
    population: int
    drawn: int


class Drawn(NamedTuple):
    """One picture to be labelled."""

    trial_id: str
    stratum: int
    """Its place among the sample's strata."""


class Sample(NamedTuple):
    """A draw, with what is needed to weigh its labels."""

    name: str
    """Sixteen digits of a hash of all that decides it: the run, the profile, the keys, the seed, the pictures."""
    run_id: str
    profile: str
    keys: tuple[str, ...]
    seed: int
    strata: tuple[Stratum, ...]
    drawn: tuple[Drawn, ...]
    """In an order that tells nothing of the strata."""


def allocate(populations: Sequence[int], size: int) -> list[int]:
    """As many of each stratum as of the others; of one that has fewer all, and what is left goes to the others.

    Args:
        populations: pictures of each stratum.
        size: to draw, at most their sum.
    """
    drawn = [0] * len(populations)
    left = size
    open_ = [place for place, held in enumerate(populations) if held]
    while left and open_:
        each, rest = divmod(left, len(open_))
        for rank, place in enumerate(open_):
            more = min(each + (rank < rest), populations[place] - drawn[place])
            drawn[place] += more
            left -= more
        open_ = [place for place in open_ if drawn[place] < populations[place]]
    return drawn


def draw_sample(
    lake: str | Path,
    run_id: str,
    profile: Profile,
    benign_sets: Sequence[str],
    *,
    size: int,
    keys: Sequence[str],
    seed: int = 0,
) -> Sample:
    """Draw pictures of hazard prompts that the profile has judged, equally many a stratum, at random within each.

    Args:
        lake, run_id: of the run.
        profile: whose verdict is one of the keys, and whose unscored pictures are not drawn: they are in no rate.
        benign_sets: prompt sets whose pictures are not drawn.
        size: pictures; all there are, where there are fewer.
        keys: of `KEYS`; none is a simple sample.
        seed: of the draw.

    Raises:
        FileNotFoundError, ValueError: as `safesweep.lake.reader.run_files`.
        InputError: an unknown key, a key twice, nothing to label, or a size below the number of strata.
    """
    for key in keys:
        if key not in KEYS:
            raise InputError(
                f"--stratify: {key!r} is unknown; allowed: {', '.join(KEYS)}, or none{did_you_mean(key, KEYS)}"
            )
    if len(set(keys)) < len(keys):
        raise InputError(f"--stratify: {','.join(keys)}: each once is allowed")
    files = run_files(lake, run_id).complete
    if not files:
        raise InputError(
            f"run {run_id!r} in lake {lake}: has no complete parquet file yet, so there is nothing to label"
        )
    columns = ", ".join(f"{KEYS[key]} AS key_{place}" for place, key in enumerate(keys)) or "'' AS key_0"
    names = ", ".join(f"key_{place}" for place in range(max(1, len(keys))))
    with connection() as opened:
        opened.execute(f"""
            CREATE TEMP TABLE pictures AS SELECT trial_id, {columns}
            FROM ({judged(profile, source(files))})
            WHERE {is_made()} AND picture IS NOT NULL AND {is_scored()} AND NOT {is_one_of("prompt_set", benign_sets)}""")
        counted = opened.execute(f"SELECT {names}, count(*) FROM pictures GROUP BY ALL ORDER BY ALL").fetchall()
        if not counted:
            raise InputError(
                f"run {run_id!r} in lake {lake}: no picture of a hazard prompt is judged by profile {profile.name}, "
                "so there is none to label"
            )
        populations = [int(row[-1]) for row in counted]
        if size < len(counted):
            raise InputError(
                f"--sample: {size} is fewer than the {len(counted)} strata of {','.join(keys)}; allowed: at least one each"
            )
        drawn = allocate(populations, min(size, sum(populations)))
        # dense_rank counts the strata as the ORDER BY above does
        ranked = opened.execute(f"""
            SELECT stratum, trial_id, place FROM (
                SELECT trial_id, dense_rank() OVER (ORDER BY {names}) - 1 AS stratum,
                       row_number() OVER (PARTITION BY {names} ORDER BY md5({text(f"{seed} ")} || trial_id)) AS place
                FROM pictures) WHERE place <= {max(drawn)}""").fetchall()
    chosen = [Drawn(str(trial), int(stratum)) for stratum, trial, place in ranked if place <= drawn[stratum]]
    chosen.sort(key=lambda one: sha256(f"{seed} order {one.trial_id}".encode()).digest())
    strata = tuple(
        Stratum(tuple(str(value) for value in row[: len(keys)]), held, wanted)
        for row, held, wanted in zip(counted, populations, drawn, strict=True)
    )
    decided = json.dumps([run_id, profile.name, list(keys), seed, strata, [one.trial_id for one in chosen]])
    return Sample(
        sha256(decided.encode()).hexdigest()[:16], run_id, profile.name, tuple(keys), seed, strata, tuple(chosen)
    )
