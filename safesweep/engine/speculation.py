"""Going on under a supposed answer while the real one is on its way; what was supposed wrongly is dropped.

A parked trajectory may have others that *rest on* it: forks of it, whose trials are copies that have taken supposed answers. They are
denoised like any other, may ask and be parked themselves, and then have others rest on them. When the real answers are there, each copy
whose supposed answer left its trial with the same memory takes that trial's place. Tensors are never changed in place, so that the way
back is to forget the forks.
"""

import logging
from collections import Counter
from collections.abc import Iterable, Sequence, Set
from dataclasses import replace

from safesweep.engine.config import Policy
from safesweep.engine.counters import Counters
from safesweep.engine.trajectory import Exchange, LastQuestion, LiveTrial, Trajectory

logger = logging.getLogger(__name__)


class Speculation:
    """Makes the trajectories that rest on parked ones, and says what becomes of them when the answers are there."""

    def __init__(self, policy: Policy | None, most_questions: int, counters: Counters) -> None:
        self._policy, self._most_questions, self._counters = policy, most_questions, counters

    def can_go_on(self, trajectory: Trajectory, in_flight: Iterable[Trajectory]) -> bool:
        """Whether there is something to be done for it now."""
        if trajectory.pending:
            return trajectory.answered or self._may_begin(trajectory)
        if trajectory.rests_on is None:
            return True
        return not trajectory.finished and not (trajectory.asks and self._questions_left(in_flight) <= 0)

    def begin_all(self, in_flight: Sequence[Trajectory]) -> list[Trajectory]:
        """New trajectories that rest on those that are parked and have none yet."""
        return [made for one in in_flight if self._may_begin(one) for made in self._begin(one)]

    def allowed(self, asking: Sequence[Trajectory], in_flight: Iterable[Trajectory]) -> list[Trajectory]:
        """Those that ask now: all that rest on nothing, and of the others as many as may; a step's questions are sent together."""
        left, chosen = self._questions_left(in_flight), []
        for trajectory in asking:
            if trajectory.rests_on is None or not trajectory.outlook.questions or left > 0:
                chosen.append(trajectory)
                left -= len(trajectory.outlook.questions) if trajectory.rests_on else 0
        return chosen

    def settle(self, trajectory: Trajectory) -> None:
        """What rests on ``trajectory`` takes its place where the answers that it has taken up are as supposed; the rest is dropped."""
        here = {id(trial) for trial in trajectory.trials}
        # it may grow: where one waits for nothing any more, what rests on it takes its place
        for one in trajectory.resting:
            self.abandon(one, [copy for copy in one.trials if not _holds(copy, here)])
        going_on = [one for one in trajectory.resting if one.trials]
        trajectory.resting, trajectory.tried = [], False
        copies = [copy for one in going_on for copy in one.trials]
        _share_again(copies)
        below = trajectory.rests_on
        if below is None:
            for one in going_on:
                self._confirm(one, one.step - trajectory.step)
        trajectory.drop([_take_place(copy) for copy in copies])
        for one in going_on:
            one.rest_on(below)
        if below is None:
            self._counters.forks += max(0, len(going_on) + bool(trajectory.trials) - 1)

    def abandon(self, trajectory: Trajectory, trials: Sequence[LiveTrial]) -> None:
        """Drops copies, and all that rests on them; a question that nobody waits for any more is taken back."""
        gone = {id(trial) for trial in trials}
        self._counters.rows_in_vain += sum(trial.rows for trial in trials)
        trajectory.drop(trials)
        for pending in trajectory.pending:
            pending.trials = [trial for trial in pending.trials if id(trial) not in gone]
            if not pending.trials:
                pending.future.cancel()
        trajectory.pending = [pending for pending in trajectory.pending if pending.trials]
        here = {id(trial) for trial in trajectory.trials}
        for further in trajectory.resting:
            lost = [copy for copy in further.trials if copy.supposition and id(copy.supposition.trial) not in here]
            self.abandon(further, lost)
        if trajectory.trials and not trajectory.pending:  # those that are left wait for nothing
            self.settle(trajectory)

    def _may_begin(self, trajectory: Trajectory) -> bool:
        return self._policy is not None and bool(trajectory.pending) and not trajectory.tried

    def _begin(self, trajectory: Trajectory) -> list[Trajectory]:
        """The trajectory that goes on from a parked one, in a list; an empty one where no trial can take what is supposed."""
        trajectory.tried = True
        waiting = {id(trial): pending for pending in trajectory.pending for trial in pending.trials}
        copies = []
        for trial in trajectory.trials:
            pending = waiting.get(id(trial))
            asked = LastQuestion(pending.clean, self._supposed(trial)) if pending else trial.asked
            try:
                copies.append(trial.supposing(asked, trajectory.step if pending else None))
            except Exception as error:  # the trial itself takes the real answer, and is told of what goes wrong then
                logger.debug("step %d: %s", trajectory.step, error)
        if not copies:
            return []
        resting = trajectory.fork(copies)
        resting.rest_on(trajectory)
        self._counters.speculations += 1
        return [resting]

    def _questions_left(self, in_flight: Iterable[Trajectory]) -> int:
        """How many more questions may be under way that rest on supposed answers."""
        return self._most_questions - sum(len(one.pending) for one in in_flight if one.rests_on is not None)

    def _supposed(self, trial: LiveTrial) -> str:
        if self._policy == "last" and trial.asked is not None:
            return trial.asked.answer
        return trial.cell.guidance.supposed_answer(False)

    def _confirm(self, trajectory: Trajectory, steps: int) -> None:
        """What its trials did while it was supposed counts from now on."""
        counters, trials = self._counters, trajectory.trials
        counters.steps += steps * len(trials)
        counters.rows_alone += sum(copy.rows_alone for copy in trials)
        for exchange in (one for copy in trials for one in copy.exchanges):
            counters.took(exchange)
        for pending in {id(pending): pending for copy in trials for pending in copy.sent}.values():
            counters.questions_confirmed += not pending.confirmed
            pending.confirmed = True


def _holds(copy: LiveTrial, here: Set[int]) -> bool:
    """Whether its trial, one of those ``here``, has become by the real answers what the copy was by the supposed ones."""
    supposition = copy.supposition
    if supposition is None or id(supposition.trial) not in here:
        return False
    trial, supposed = supposition.trial, supposition.asked
    if (
        supposition.verbatim
        and trial.asked is not None
        and supposed is not None
        and trial.asked.answer != supposed.answer
    ):
        return False  # a later question may have taken the answer again, word by word
    return bool(trial.memory == supposition.memory)


def _take_place(copy: LiveTrial) -> LiveTrial:
    """The trial whose place it takes, with all that the trial did before."""
    supposition = copy.supposition
    assert supposition is not None
    trial = supposition.trial
    copy.exchanges = [*trial.exchanges, *copy.exchanges]
    copy.looks = [*trial.looks, *copy.looks]
    copy.sent = [*trial.sent, *copy.sent]
    copy.rows += trial.rows
    copy.rows_alone += trial.rows_alone
    copy.compute_seconds += trial.compute_seconds
    if copy.asked is supposition.asked:
        copy.asked = trial.asked
    copy.supposition = trial.supposition
    return trial


def _share_again(copies: Sequence[LiveTrial]) -> None:
    """An exchange says how many trials it served: of those that shared it while it was supposed, the ones that are left."""
    served = Counter(_place(one) for copy in copies for one in copy.exchanges if not one.reused)
    for copy in copies:
        copy.exchanges = [one if one.reused else replace(one, shared_by=served[_place(one)]) for one in copy.exchanges]


def _place(exchange: Exchange) -> tuple[int, int]:
    return exchange.step, id(exchange.preview)
