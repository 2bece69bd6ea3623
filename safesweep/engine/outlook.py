"""What a trajectory's trials want of its step: answers, a gate's looks, and the step itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from safesweep.guidance.methods.base import Ask, Look, StepPlan, Track
from safesweep.models.text import Text

if TYPE_CHECKING:
    from safesweep.engine.trajectory import LiveTrial


@dataclass(frozen=True)
class Outlook:
    """First answers and looks, in this order for each trial; and once these are there, the step."""

    questions: "dict[Ask, list[LiveTrial]]"
    """The different questions still open, with those who wait for them."""
    plans: "dict[StepPlan, list[LiveTrial]]"
    """Empty, as ``tracks`` is, while anything is open."""
    tracks: tuple[Track, ...]
    texts: tuple[Text, ...]
    """Those whose noise predictions all this takes."""
    looks: "dict[Look, list[LiveTrial]]" = field(default_factory=dict)
    """What gates are still to be shown, of those trials that have no question open."""

    @property
    def open(self) -> "Mapping[Ask | Look, list[LiveTrial]]":
        """Questions and looks that the step waits for."""
        both: list[tuple[Ask | Look, list[LiveTrial]]] = [*self.questions.items(), *self.looks.items()]
        return dict(both)

    @classmethod
    def of(cls, trials: "Sequence[LiveTrial]", step: int) -> "Outlook":
        """Asks every trial's method once.

        A trial with a look open is taken to need what the step would take without it, so that one forward has the rows of both.
        """
        questions: dict[Ask, list[LiveTrial]] = {}
        looks: dict[Look, list[LiveTrial]] = {}
        plans: dict[StepPlan, list[LiveTrial]] = {}
        tracks: dict[Track, None] = {}
        foreseen: list[Text] = []
        for trial in trials:
            at, guidance = trial.at(step), trial.cell.guidance
            if (ask := guidance.ask(at) if trial.answered_step != step else None) is not None:
                questions.setdefault(ask, []).append(trial)
            elif (look := guidance.look(at) if trial.looked_step != step else None) is not None:
                looks.setdefault(look, []).append(trial)
                foreseen += guidance.plan(at).texts
        if questions or looks:
            plain = [*(ask.plan for ask in questions), *(look.plan for look in looks)]
            shown = [text for plan in plain for text in plan.texts]
            return cls(questions, {}, (), tuple(dict.fromkeys([*shown, *foreseen])), looks)
        for trial in trials:
            at, guidance = trial.at(step), trial.cell.guidance
            plans.setdefault(guidance.plan(at), []).append(trial)
            track = guidance.track(at)
            if track is not None:
                tracks[track] = None
        wanted = [text for plan in plans for text in plan.texts] + [text for track in tracks for text in track.texts]
        return cls({}, plans, tuple(tracks), tuple(dict.fromkeys(wanted)))

    def charge_alone(self, step: int) -> int:
        """Puts to each trial's account the rows that ``step`` would take if it were alone; gives their sum.

        Both the engine and the cost plan count by it, once a step, when its questions are answered.
        """
        total = 0
        for plan, trials in self.plans.items():
            for trial in trials:
                alone = trial.texts_alone(step, plan)
                trial.rows_alone += alone
                total += alone
        return total
