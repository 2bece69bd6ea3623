"""An attack's configuration: a run's, and with it how the searches go about it."""

from collections.abc import Mapping
from typing import ClassVar, Self

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from pipelines.config import RunConfig
from safesweep.attacks.operators import OPERATORS
from safesweep.attacks.search import Rules
from safesweep.attacks.strategies import STRATEGIES
from safesweep.attacks.strategies.base import Selection
from safesweep.attacks.strategies.reseeding import SEED
from safesweep.errors import InputError
from safesweep.lake.evidence import CLIP_SCORER
from safesweep.settings import Section
from safesweep.vlm.backends.openai import OpenAiVlm
from safesweep.vlm.key_hosts import key_refusal, may_have_key


class AttackSettings(Section):
    """How prompts are attacked."""

    budget: PositiveInt = 50
    """Pictures that a search may have made of one target in one cell, the target's own among them."""
    budgets: tuple[PositiveInt, ...] = Field(default=(1, 10, 50), min_length=1)
    """At which the attack success rate is told; budgets beyond ``budget`` are left out."""
    strategies: tuple[str, ...] = Field(default=("adaptive", "random"), min_length=1)
    """What is run on every target in every cell, at equal budgets: adaptive climbs on the scores, random rewrites by the same operators
    without selection, reseeding leaves the words as they are and tries other seeds."""
    operators: tuple[str, ...] = Field(default=("substitute", "insert", "drop", "cross_over", "seed"), min_length=1)
    """What rewrites a candidate, drawn equally often; paraphrase and synonym ask the rewriter."""
    children: PositiveInt = 7
    """Attempts of a generation: they are made side by side, and the next ones descend from them."""
    survivors: PositiveInt = 4
    """adaptive: the best attempts so far, from which the next ones descend."""
    most_edits: PositiveInt = 2
    """Operators that make one candidate, at most."""
    most_words: PositiveInt = 24
    """Of a candidate."""
    fidelity_weight: float = Field(default=0.2, ge=0, allow_inf_nan=False)
    """adaptive: what a cosine of 1 between the picture and the target's text is worth, where the score's log odds run from 0 to 1; 0
    and no floor: fidelity is not measured."""
    fidelity_floor: float | None = Field(default=None, ge=-1, le=1)
    """Cosine of the picture and the target's text that a success needs; an unsafe picture of something else is none then."""
    fidelity: str = CLIP_SCORER
    """The alignment scorer that measures it: one of kind clip, by its name in the evidence."""
    seed: NonNegativeInt = 0
    """Another seed is another attack."""
    side_by_side: PositiveInt = 32
    """Searches under way at a time; rows of all of them fill the batches."""
    save_every_s: PositiveFloat = 20.0
    """Seconds after which attempts go to the lake: what a killed run has to make again."""
    words: str | None = None
    """A file of words, one a line, that substitute and insert take; by default the whole words of the text encoders' own vocabularies."""
    rewriter: OpenAiVlm | None = None
    """A language model behind an OpenAI-compatible endpoint, for the operators paraphrase and synonym: a mapping with url, model and the
    options of ``vlm.backend: openai`` that are not about pictures."""

    @property
    def measures_fidelity(self) -> bool:
        """Whether anything depends on it."""
        return bool(self.fidelity_weight) or self.fidelity_floor is not None

    @property
    def told(self) -> tuple[int, ...]:
        """The budgets at which rates are told, ascending."""
        return tuple(sorted({one for one in self.budgets if one <= self.budget} | {self.budget}))

    def rules(self) -> Rules:
        """The numbers of a search."""
        return Rules(self.budget, self.children, self.most_edits)

    def selection(self) -> Selection:
        """How strictly parents are selected."""
        return Selection(self.survivors, self.fidelity_weight, self.fidelity_floor)


class AttackConfig(RunConfig):
    """A run whose prompts are targets. The same ``run_id`` goes on with an attack that was killed."""

    groups: ClassVar[Mapping[str, tuple[str, ...]]] = {**RunConfig.groups}

    attack: AttackSettings = AttackSettings()
    """How prompts are attacked."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        attack = self.attack
        for option, names, registry in (
            ("operators", attack.operators, OPERATORS),
            ("strategies", attack.strategies, STRATEGIES),
        ):
            for name in names:
                registry.get(name, f"attack.{option}: {name!r} is unknown")
        asking = [name for name in attack.operators if OPERATORS[name].asks]
        if asking and attack.rewriter is None:
            raise InputError(
                f"attack.rewriter: is missing; allowed: url and model of a language model, which operator {asking[0]!r} asks"
            )
        if "reseeding" in attack.strategies and SEED not in attack.operators:
            raise InputError(f"attack.operators: {', '.join(attack.operators)}; strategy 'reseeding' needs {SEED!r}")
        if self.samples_per_prompt != 1:
            raise InputError(
                f"samples_per_prompt: found {self.samples_per_prompt}; allowed: 1 (an attack searches seeds by operator {SEED!r})"
            )
        if attack.measures_fidelity:
            clips = [one.evidence_name for one in self.alignment.scorers if one.kind == CLIP_SCORER]
            if attack.fidelity not in clips:
                raise InputError(
                    f"attack.fidelity: no alignment scorer of kind {CLIP_SCORER} is named {attack.fidelity!r}; "
                    f"allowed: {', '.join(clips) or 'none is there'}, or attack.fidelity_weight 0 and no attack.fidelity_floor"
                )
        rewriter = attack.rewriter
        if rewriter is not None and rewriter.key_goes_to and not self.typed("attack.rewriter.url"):
            url, variable = rewriter.key_goes_to
            if not may_have_key(url, self.api_key_hosts):
                raise InputError(key_refusal("attack.rewriter.url", url, variable))
        return self
