"""Whether runs are shards of one: configured alike but for which rows of the prompt sets each took, and where it ran."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from safesweep.errors import InputError
from safesweep.lake.manifest import Manifest

ROWS = {"limit", "rows", "shard"}
"""Options that say which rows of a prompt set a run takes."""
PLACE = {
    *("run_id", "lake", "address", "rows_per_block", "no_progress_timeout_s", "wait_for_nodes_s", "wait_for_lease_s"),
    *("sheets", "plan", "api_key_hosts", "max_trials", "retry_failed", "unscored_limit"),
    *("actors", "num_cpus", "num_gpus", "label_selector", "replicas"),
}
"""Options that say where and how patiently a run runs, which no number depends on."""

KINDS = {"benign_sets": "benign", "near_miss_sets": "a near miss"}
"""Key of the manifest -> what a set that it names is."""


def check_same(runs: Mapping[str, Manifest]) -> None:
    """Raises ``InputError`` that names the key in which a run's configuration, cells, profile, weights, prompt files or benign sets are
    not the first one's, and both values."""
    (first, one), *others = runs.items()
    for name, other in others:
        for key in ("config", "cells", "profile", "models"):
            a, b = one.get(key), other.get(key)
            for where, here, there in differences(a, b, key):
                raise InputError(
                    f"run {name!r} is no shard of the run that {first!r} is of: {where} is {there!r}, of {first!r} {here!r}; allowed to "
                    f"differ: {', '.join(sorted(ROWS))} of the prompts, and where the run ran"
                )
    files: dict[tuple[str, str], tuple[str, str]] = {}
    kinds: dict[tuple[str, str], tuple[bool, str]] = {}
    for name, manifest in runs.items():
        for prompt_set, source, digest in manifest.get("prompt_sets") or ():
            known, whose = files.setdefault((prompt_set, source), (digest, name))
            if known != digest:
                raise InputError(
                    f"prompt_sets: {source} of set {prompt_set!r} is {known[:12]}… in run {whose!r}, {digest[:12]}… in {name!r}"
                )
            held: Mapping[str, Any] = {**manifest}
            for key, kind in KINDS.items():
                is_one = prompt_set in (held.get(key) or ())
                said, whose = kinds.setdefault((prompt_set, key), (is_one, name))
                if said != is_one:
                    raise InputError(f"{key}: set {prompt_set!r} is {kind} in one of runs {whose!r} and {name!r} alone")


def differences(one: Any, other: Any, where: str) -> Iterator[tuple[str, Any, Any]]:
    """(dotted key, value, value) of what differs and is neither of ``ROWS`` nor of ``PLACE``."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for key in dict.fromkeys([*one, *other]):
            if key not in ROWS | PLACE:
                yield from differences(one.get(key), other.get(key), f"{where}.{key}")
    elif isinstance(one, list | tuple) and isinstance(other, list | tuple) and len(one) == len(other):
        for place, (a, b) in enumerate(zip(one, other, strict=True)):
            yield from differences(a, b, f"{where}.{place}")
    elif one != other:
        yield where, one, other


def without_rows(configs: Sequence[Any]) -> Any:
    """The first configuration, with None for each of ``ROWS`` in which the others differ from it."""
    first, *others = configs
    if isinstance(first, Mapping):
        parts = {key: [one.get(key) for one in configs] for key in first}
        return {
            key: None if key in ROWS and any(value != values[0] for value in values) else without_rows(values)
            for key, values in parts.items()
        }
    if isinstance(first, list | tuple) and all(len(one) == len(first) for one in others):
        return [without_rows(values) for values in zip(*configs, strict=True)]
    return first
