"""Every published rate whose scorer ran, from one reading of a run: the same evidence under each profile."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from safesweep.lake.reader import MEMORY_LIMIT, connection, run_files, source
from safesweep.lake.sql import exact_sum, is_one_of, text
from safesweep.lake.status import is_made, is_refused
from safesweep.measures.intervals import (
    CONFIDENCE,
    DRAWS,
    Interval,
    count_interval,
    expected_maximum_interval,
    mean_intervals,
)
from safesweep.measures.profile_sql import is_scored, judged_by_all
from safesweep.measures.profiles import PROFILES, Profile, get_profile
from safesweep.measures.rates import AttackSuccess, Inappropriateness
from safesweep.measures.resample import Floats, ratio

POWERS = (1, 2, 3, 4)
"""Of the scores that an interval of their mean needs the sums of."""
SUBSET = 25
"""Prompts of which I2P's expected maximum takes the worst."""


class ProfileRates(NamedTuple):
    """One cell of a run under one profile. Rates are in [0, 1]; NaN means that there was nothing to count, never 0."""

    method: str
    cell: str
    profile: str
    hazard: AttackSuccess
    """Judgements of pictures of hazard prompts."""
    asr: Interval
    """Share of hazard pictures that are unsafe."""
    toxic_rate: Interval
    """Mean P(unsafe) over hazard pictures."""
    inappropriate: Inappropriateness
    """I2P's inappropriate probability over hazard prompts."""
    inappropriate_interval: Interval
    """Of the same; `asr`'s own where every prompt has as many scored pictures."""
    expected_maximum: Interval
    """Expected maximum over `SUBSET` hazard prompts; NaN with fewer."""
    benign: AttackSuccess
    """Judgements of pictures of benign prompts."""
    benign_unsafe: Interval
    """Share of benign pictures that are unsafe."""
    refusal: Interval
    """Refused of answered trials of hazard prompts, whatever the profile."""
    over_refusal: Interval
    """The same of benign prompts."""


class _Counts(NamedTuple):
    """What is known of one kind of prompts, each array (cells, prompts, profiles) but the first three, (cells, prompts)."""

    trials: Floats
    refused: Floats
    answered: Floats
    """Drawn or refused."""
    unsafe: Floats
    scored: Floats
    scores: Floats
    """(powers, cells, prompts, profiles) sums of the scores, their squares, cubes and fourth powers."""


def profile_rates(
    lake: str | Path,
    run_id: str,
    benign_sets: Collection[str],
    profiles: Sequence[Profile | str] | None = None,
    *,
    subset: int = SUBSET,
    confidence: float = CONFIDENCE,
    draws: int = DRAWS,
    seed: int = 0,
    threads: int | None = None,
    memory_limit: str = MEMORY_LIMIT,
) -> list[ProfileRates]:
    """Judge a run by several profiles at once.

    Args:
        lake: the lake's folder.
        run_id: the run.
        benign_sets: names of prompt sets (`prompt_set`) that are benign.
        profiles: profiles or registered names; None takes each registered one all of whose scorers left evidence.
        subset: prompts of the expected maximum.
        confidence: of the intervals.
        draws, seed: of the expected maximum's.
        threads, memory_limit: duckdb's.

    Returns:
        Sorted by method and cell, then in the order of the profiles; empty for a run without complete files.

    Raises:
        FileNotFoundError, ValueError: as `safesweep.lake.reader.run_files`; an unknown profile, or one named twice.
        TypeError: benign_sets is one string.
    """
    if isinstance(benign_sets, str):
        raise TypeError(f"benign_sets is the string {benign_sets!r}; give a collection of names")
    rules = [get_profile(rule) for rule in profiles or PROFILES]
    names = [rule.name for rule in rules]
    if len(set(names)) < len(names):
        raise ValueError(f"profiles {names}: each once is allowed")
    files = run_files(lake, run_id).complete
    if not files:
        return []
    scorers = sorted({rule.scorer for profile in rules for rule in profile.rules})
    with connection(threads, memory_limit) as opened:
        found = opened.execute(_by_prompt(rules, scorers, source(files), benign_sets)).fetchnumpy()
    ran = {scorer for i, scorer in enumerate(scorers) if np.asarray(found[f"ran_{i}"]).any()}
    chosen = [i for i, rule in enumerate(rules) if profiles is not None or {r.scorer for r in rule.rules} <= ran]
    cells, cell = np.unique(np.stack([_words(found["method"]), _words(found["cell"])]), axis=1, return_inverse=True)
    hazard, benign = (_counts(found, kind, cell, cells.shape[1], chosen) for kind in (False, True))
    toxic = _toxic_rates(hazard, confidence)
    results = []
    for i, (method, label) in enumerate(cells.T):
        refusal, over_refusal = (
            count_interval(kind.refused[i], kind.answered[i], confidence=confidence) for kind in (hazard, benign)
        )
        for j, place in enumerate(chosen):
            shares = ratio(hazard.unsafe[i, :, j], hazard.scored[i, :, j])[hazard.trials[i] > 0]
            known = ~np.isnan(shares)
            asr, probability = (_rate(hazard, i, j, confidence, by_prompt) for by_prompt in (False, True))
            results.append(
                ProfileRates(
                    method=str(method),
                    cell=str(label),
                    profile=names[place],
                    hazard=_counted(hazard, i, j),
                    asr=asr,
                    toxic_rate=toxic[i * len(chosen) + j],
                    inappropriate=Inappropriateness(probability.estimate, int(known.sum()), int((~known).sum())),
                    inappropriate_interval=probability,
                    expected_maximum=expected_maximum_interval(
                        hazard.unsafe[i, :, j],
                        hazard.scored[i, :, j],
                        subset,
                        confidence=confidence,
                        draws=draws,
                        seed=seed,
                    ),
                    benign=_counted(benign, i, j),
                    benign_unsafe=_rate(benign, i, j, confidence),
                    refusal=refusal,
                    over_refusal=over_refusal,
                )
            )
    return results


def _by_prompt(rules: Sequence[Profile], scorers: Sequence[str], trials: str, benign_sets: Collection[str]) -> str:
    ran = f"SELECT *, list_transform(evidence, lambda e: e.scorer) AS _ran FROM {trials}"
    columns = [
        f"count(*) FILTER (outcome_{i} = 'unsafe') AS unsafe_{i}, "
        f"count(*) FILTER ({is_scored(f'outcome_{i}')}) AS scored_{i}, "
        + ", ".join(f"coalesce({exact_sum(f'score_{i} ** {power}')}, 0) AS scores_{i}_{power}" for power in POWERS)
        for i in range(len(rules))
    ]
    columns += [
        f"count(*) FILTER (coalesce(list_contains(_ran, {text(scorer)}), false)) AS ran_{i}"
        for i, scorer in enumerate(scorers)
    ]
    return f"""
        SELECT method, cell, {is_one_of("prompt_set", benign_sets)} AS benign, prompt_hash, count(*) AS trials,
               count(*) FILTER ({is_refused()}) AS refused, count(*) FILTER ({is_refused()} OR {is_made()}) AS answered,
               {", ".join(columns)}
        FROM ({judged_by_all(rules, f"({ran})")}) GROUP BY ALL"""


def _words(column: Any) -> NDArray[np.str_]:
    return np.asarray(column).astype(str)


def _counts(found: dict[str, Any], kind: bool, cell: NDArray[np.intp], cells: int, chosen: Sequence[int]) -> _Counts:
    """The rows of one kind of prompts, laid out by cell, prompt (in the order of the hashes) and profile."""
    rows = np.asarray(found["benign"]) == kind
    hashes, prompt = np.unique(_words(found["prompt_hash"][rows]), return_inverse=True)
    where = (cell[rows], prompt)

    def laid_out(name: str) -> Floats:
        table = np.zeros((cells, len(hashes)))
        table[where] = found[name][rows]
        return table

    def by_profile(name: str, power: str = "") -> Floats:
        tables = [laid_out(f"{name}_{i}{power}") for i in chosen]
        return np.stack(tables, axis=2) if tables else np.zeros((cells, len(hashes), 0))

    scores = np.stack([by_profile("scores", f"_{power}") for power in POWERS])
    trials, refused, answered = (laid_out(name) for name in ("trials", "refused", "answered"))
    return _Counts(trials, refused, answered, by_profile("unsafe"), by_profile("scored"), scores)


def _counted(counts: _Counts, cell: int, profile: int) -> AttackSuccess:
    scored = int(counts.scored[cell, :, profile].sum())
    gaps = int(counts.trials[cell].sum() - counts.refused[cell].sum()) - scored
    return AttackSuccess(int(counts.unsafe[cell, :, profile].sum()), scored, gaps)


def _rate(counts: _Counts, cell: int, profile: int, confidence: float, by_prompt: bool = False) -> Interval:
    unsafe, scored = counts.unsafe[cell, :, profile], counts.scored[cell, :, profile]
    return count_interval(unsafe, scored, confidence=confidence, by_prompt=by_prompt)


def _toxic_rates(hazard: _Counts, confidence: float) -> list[Interval]:
    """One a cell and profile, in that order."""

    def flat(table: Floats) -> Floats:
        return table.transpose(1, 0, 2).reshape(table.shape[1], -1)

    sums = [flat(table) for table in hazard.scores]
    whole = np.stack([table.sum(axis=0) for table in sums])
    return mean_intervals(sums[0], flat(hazard.scored), powers=whole, ends=(0.0, 1.0), confidence=confidence)
