"""What a run that is started again must have in common with what its lake holds: all that decides a number."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from pipelines.config import RunConfig
from safesweep.errors import InputError
from safesweep.lake.scored import Scored, scored
from safesweep.lake.store import RunStore
from safesweep.measures.profiles import get_profile
from safesweep.redaction import without_secrets_in
from safesweep.regression.weights import version
from safesweep.scorers import ScorerSettings

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
IMMATERIAL = {
    *("name", "device", "threads", "providers"),
    # named by the evidence with their content
    *("model", "weights", "pretrained", "revision"),
    # of a judge: where it runs, and how patiently it is asked
    *("url", "api_key_env", "app", "replicas", "num_gpus", "label_selector", "timeout_s", "tries", "max_batch_size"),
    *("batch_wait_s", "max_ongoing_requests", "max_queued_requests", "reuse_prefix"),
    *("max_replicas", "target_ongoing_requests", "upscale_delay_s", "downscale_delay_s"),
    *("tensor_parallel_size", "accelerator_type"),
}
"""Options of scorers that no measurement depends on, or that the evidence's own names tell."""


def scorers_of(config: RunConfig) -> tuple[ScorerSettings, ...]:
    """All scorers of a run."""
    return (*config.safety.scorers, *config.alignment.scorers)


def check_reach(config: RunConfig) -> None:
    """That scorers keep the scores that the profile asks for. Raises ``InputError`` naming both, and for an unknown profile."""
    keeps_from = {scorer.evidence_name: scorer.keeps_from for scorer in scorers_of(config)}
    for rule in get_profile(config.profile).rules:
        if rule.threshold < keeps_from.get(rule.scorer, 0.0):
            raise InputError(
                f"profile: {config.profile} asks for scores from {rule.threshold:g} on, scorer {rule.scorer!r} keeps those from threshold "
                f"{keeps_from[rule.scorer]:g} on; allowed: a threshold of at most {rule.threshold:g}, or none written"
            )


def check_resume(config: RunConfig, store: RunStore) -> None:
    """That this configuration would add no evidence of another kind to what the run's files hold.

    Raises ``InputError`` naming the scorer, or the option, and both values.
    """
    where = f"run_id: run {store.run_id!r} in {store.lake}"
    there = scored(store.files())
    if there.pictures:
        check_scorers(scorers_of(config), there, where)
    earlier = store.manifest() or {}
    before = _options_by_name(earlier.get("config") or {})
    for name, options in _options_by_name(without_secrets_in(config.model_dump(mode="json"))).items():
        for key, value in options.items():
            known = before.get(name, {})
            if there.pictures and key in known and known[key] != value:
                raise InputError(
                    f"{where}: scorer {name!r} measured with {key} {known[key]!r}, this configuration has {value!r}; "
                    "choose another run_id, or give the scorer a name of its own and let `safesweep rescore` add it"
                )
    _check_benign(config, earlier, where)


def check_scorers(scorers: Iterable[ScorerSettings], there: Scored, where: str) -> None:
    """Raises ``InputError`` where evidence and configuration differ in scorers, or in the content of one's weights."""
    wanted = {scorer.evidence_name: scorer.model_id() for scorer in scorers}
    for name, models in there.models.items():
        if name not in wanted:
            raise InputError(
                f"{where}: its pictures were scored by {name!r} too, which this configuration has not; "
                f"it has {', '.join(wanted)}. Add it, or choose another run_id"
            )
        for model in models:
            if not same_weights(model, wanted[name]):
                raise InputError(
                    f"{where}: scorer {name!r} was {model}, this configuration has {wanted[name]}; "
                    "choose another run_id, or give the scorer a name of its own and let `safesweep rescore` add it"
                )
    for name in wanted:
        lacking = there.pictures - sum(there.models.get(name, {}).values())
        if lacking > 0:
            raise InputError(
                f"{where}: {lacking:,} of its {there.pictures:,} pictures have not been scored by {name!r}; "
                "`safesweep rescore` with the same options adds it without making pictures again"
            )


def same_weights(one: str | None, other: str) -> bool:
    """Whether two names of models, as evidence has them, are of equal content and settings, wherever their files lie.

    None, evidence that names no model, is no other's equal.
    """
    if one is None:
        return False
    digests = DIGEST.findall(one)
    return digests == DIGEST.findall(other) and version(one) == version(other) if digests else one == other


def written_name(options: Mapping[str, Any]) -> str:
    """A scorer's name in the evidence, by its options as a manifest has them."""
    return str(options.get("name") or options["kind"])


def _options_by_name(config: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    found = {}
    for stage in ("safety", "alignment"):
        for options in (config.get(stage) or {}).get("scorers") or ():
            found[written_name(options)] = _material(options)
    return found


def _material(options: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Options that decide a measurement; of a section ``vlm`` by their dotted names."""
    found: dict[str, Any] = {}
    for key, value in options.items():
        if key == "vlm" and isinstance(value, Mapping):
            found |= _material(value, "vlm.")
        elif key not in IMMATERIAL:
            found[above + key] = value
    return found


def _check_benign(config: RunConfig, earlier: Mapping[str, Any], where: str) -> None:
    known = {name for name, *_ in earlier.get("prompt_sets") or ()}
    benign = set(earlier.get("benign_sets") or ())
    near = set(earlier.get("near_miss_sets") or ())
    for file in config.prompts:
        if file.name in known and (file.name in benign) != file.is_benign:
            said, now = ("benign", "not") if file.name in benign else ("not benign", "it is")
            raise InputError(
                f"{where}: prompt set {file.name!r} was {said}, in this configuration {now}; choose another run_id"
            )
        if file.name in known and (file.name in near) != file.near_miss:
            said, now = ("a near miss", "not") if file.name in near else ("no near miss", "it is")
            raise InputError(
                f"{where}: prompt set {file.name!r} was {said}, in this configuration {now}; choose another run_id"
            )
