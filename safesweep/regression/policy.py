"""The gate's policy: which measures are watched, how far each may fall, and what happens when one does."""

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import yaml
from pydantic import Field, PositiveFloat, PositiveInt, ValidationError, field_validator, model_validator

from safesweep.config_errors import dotted_keys, explain
from safesweep.errors import InputError, did_you_mean
from safesweep.files import jobs_folder
from safesweep.guidance.methods import METHODS
from safesweep.regression.services import is_service
from safesweep.regression.watched import WATCHED, Better
from safesweep.settings import Section

POLICIES = jobs_folder() / "policies"
DEFAULT_POLICY = "default"


class MeasureRule(Section):
    """How far one measure may move: ``better`` with ``largest_drop``, or a ``window``. Units are those of ``watched.WATCHED``."""

    better: Better | None = None
    """The good direction."""
    largest_drop: PositiveFloat | None = None
    """How much worse the candidate's mean may be: a rate as a share (0.05 is five points), CLIP as 100·cos, time in seconds."""
    window: tuple[float, float] | None = None
    """Lowest and highest allowed change of the mean, one below and one above 0: leaving it on either side is a fault."""
    level: Literal["critical", "advisory"] = "critical"
    """critical can block; advisory can only warn."""
    methods: tuple[str, ...] | None = None
    """Watch it in cells of these methods only; by default in all."""

    @model_validator(mode="after")
    def _one_limit(self) -> "MeasureRule":
        directed = self.better is not None and self.largest_drop is not None
        if directed == (self.window is not None) or (self.window is not None and (self.better or self.largest_drop)):
            raise ValueError("give better and largest_drop, or window, and not both")
        if self.window is not None and not self.window[0] < 0 < self.window[1]:
            raise ValueError(f"window: one bound below 0 and one above it is allowed, found {list(self.window)}")
        for name in self.methods or ():
            if name not in METHODS:
                raise ValueError(f"methods: {name!r} is unknown; allowed: {', '.join(METHODS)}")
        return self

    def sides(self) -> list[tuple[int, float]]:
        """(+1 where a rise is worse or -1 where a fall is, how far it may go), one or, for a window, two."""
        if self.window is not None:
            return [(-1, -self.window[0]), (1, self.window[1])]
        assert self.largest_drop is not None
        return [(1 if self.better == "lower" else -1, self.largest_drop)]


class CanarySettings(Section):
    """Pinned prompts and seeds whose pictures are drawn every night before the run, without guidance."""

    prompts: tuple[str, ...] = Field(default=("a red circle", "a blue key and a green star"), min_length=1)
    seeds: tuple[int, ...] = Field(default=(11, 12), min_length=1)
    num_inference_steps: PositiveInt = 10
    guidance_scale: float = 4.0
    reference_model: str = "miniature/weights/diffusion"
    """A model that no change of the model under test touches: when its pictures move, the cause is not the model under test."""
    tolerance: float = Field(default=1.0, ge=0)
    """Mean absolute difference of a picture, in levels of 0 to 255, up to which it counts as the same."""
    enabled: bool = True


class PageSettings(Section):
    """Whom to call; by default nobody."""

    webhook: str | None = Field(default=None, pattern=r"^https?://")
    """URL to which the page is posted as JSON."""
    urls: tuple[str, ...] = ()
    """apprise's addresses of services that reach people: mail, chats, on-call duty. They hold secrets: keep the file to yourself."""
    timeout_s: PositiveFloat = 30.0
    """Of the program and the webhook; apprise's services take `?rto=SECONDS` in their addresses."""

    @field_validator("urls")
    @classmethod
    def _services(cls, urls: tuple[str, ...]) -> tuple[str, ...]:
        for place, url in enumerate(urls):
            if not is_service(url):
                scheme = f"{url.partition('://')[0]}://…" if "://" in url else "no scheme"
                raise ValueError(
                    f"the address at place {place} ({scheme}) is none that apprise knows; allowed: such as "
                    "slack://…, mailto://…, pagerduty://… (https://appriseit.com/services)"
                )
        return urls


class TrendSettings(Section):
    """Nights one after the other, for what is too small to be seen from one to the next."""

    window: PositiveInt = 21
    """Nights at most, tonight included."""
    nights: int = Field(default=6, ge=4)
    """Nights at least; fewer say nothing about a slope."""
    alpha: float = Field(default=0.01, gt=0, lt=0.5)
    """Chance that any critical measure's slope is called one although there is none."""


class Policy(Section):
    """The whole policy; docs/regression.md says how to choose its numbers."""

    alpha: float = Field(default=0.05, gt=0, lt=0.5)
    """Chance that a gate raises any alarm although nothing changed, over all of its critical measures together."""
    missing_limit: float = Field(default=0.02, ge=0, lt=1)
    """Share of trials that may have no partner, of the run's planned trials and of each measure's own."""
    unscored_limit: float = Field(default=0.02, ge=0, lt=1)
    """Share of each measure's own pairs that may be unscored on either side."""
    allow: tuple[str, ...] = ()
    """Keys of a cell, such as num_inference_steps, in which the two compared may differ."""
    nights_in_a_row: PositiveInt = 2
    """Nights that must fall short, one after the other, before a night blocks and pages."""
    trend: TrendSettings = TrendSettings()
    measures: dict[str, MeasureRule] = Field(min_length=1)
    canary: CanarySettings = CanarySettings()
    page: PageSettings = PageSettings()

    def allowing(self, names: Iterable[str]) -> "Policy":
        """The same with further keys in which the two compared may differ, as ``--allow`` names them."""
        return self.model_copy(update={"allow": (*self.allow, *names)})

    @field_validator("measures")
    @classmethod
    def _known(cls, rules: dict[str, MeasureRule]) -> dict[str, MeasureRule]:
        for name in rules:
            if name not in WATCHED:
                raise ValueError(f"{name!r} is unknown; allowed: {', '.join(WATCHED)}{did_you_mean(name, WATCHED)}")
        if not any(rule.level == "critical" for rule in rules.values()):
            raise ValueError("no measure is critical; a gate that can never close is no gate")
        return rules


def load_policy(name: str) -> Policy:
    """A policy by its name among ``jobs/policies`` or the path of a YAML file.

    Raises ``InputError`` naming the file and the key.
    """
    named = POLICIES / f"{name}.yaml"
    path = named if named.is_file() else Path(name)
    known = sorted(entry.stem for entry in POLICIES.glob("*.yaml"))
    if not path.is_file():
        raise InputError(
            f"--policy: no policy or file {name!r}; policies: {', '.join(known)}{did_you_mean(name, known)}"
        )
    try:
        content = yaml.safe_load(path.read_text())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: is not YAML: {error}") from error
    if not isinstance(content, dict):
        raise InputError(f"{path}: must hold a mapping, found {type(content).__name__}")
    page = content.get("page")
    if isinstance(page, dict) and "command" in page:
        raise InputError(
            f"{path}.page.command: a policy is data and runs no program; allowed: --page_command on the command line"
        )
    try:
        return Policy.model_validate(content)
    except ValidationError as error:
        raise InputError(explain(error, str(path), [f"{path}.{key}" for key in dotted_keys(Policy)])) from error
