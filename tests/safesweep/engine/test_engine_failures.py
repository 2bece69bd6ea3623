"""An error ends the trials that it touches, with its name, and nobody else's."""

from concurrent.futures import Future
from typing import Any, ClassVar

import pytest
import torch

from safesweep.engine.config import EngineConfig
from safesweep.guidance.cell import Cell
from safesweep.guidance.edits.base import Edit, EditedPrompt, unedited
from safesweep.guidance.methods.base import Answer, At, Method, StepPlan, Tensors, Track, positive_plan
from safesweep.guidance.methods.dynamic_negative import DynamicNegative
from safesweep.models.stable_diffusion import StableDiffusion
from safesweep.models.text import Encodes, TextEmbedding, named_by_content
from tests.safesweep.conftest import answered
from tests.safesweep.tiny import EXACT, STEPS, at_once, cell, job, run, tiny_model, tiny_pipeline


class Defective(Method):
    """Plain guidance until something breaks at ``step``."""

    method: str = "defective"
    where: str
    step: int = 2

    def start(self) -> Any:
        if self.where == "start":
            raise RuntimeError("broken start")

    def plan(self, at: At) -> StepPlan:
        plan = positive_plan(at)
        if at.step != self.step:
            return plan
        if self.where == "plan":
            raise RuntimeError("broken plan")
        return plan._replace(combine={"combine": broken, "shape": misshapen}.get(self.where, plan.combine))

    def track(self, at: At) -> Track | None:
        return Track(positive_plan(at).texts, broken_track, (), kept=1) if self.where == "track" else None


def broken(eps: Tensors, scales: Tensors) -> torch.Tensor:
    raise RuntimeError("broken combine")


def misshapen(eps: Tensors, scales: Tensors) -> torch.Tensor:
    return eps[0][:, :, :3]


def broken_track(eps: Tensors, scales: Tensors, kept: torch.Tensor, seen) -> torch.Tensor:
    raise RuntimeError("broken track")


class Unreadable(DynamicNegative):
    """A dynamic negative that cannot read its answers."""

    def answered(self, at: At, answer: str) -> Answer:
        raise KeyError("unreadable")


class BrokenEdit(Edit):
    name: ClassVar[str] = "broken"

    def apply(self, encodes: Encodes, prompt: str, seed: int) -> EditedPrompt:
        raise ValueError("made for another text encoder")


class TooShort(Edit):
    """Leaves a token out, which no batch can hold beside the others."""

    name: ClassVar[str] = "too_short"

    def apply(self, encodes: Encodes, prompt: str, seed: int) -> EditedPrompt:
        whole = encodes.embed(prompt)
        return unedited(prompt)._replace(edited=named_by_content(prompt, whole, TextEmbedding(whole.tokens[1:])))


def other(guidance: Any, edit: Edit | None = None, steps: int = STEPS) -> Cell:
    return Cell(guidance=guidance, edit=edit, guidance_scale=4.0, solver="DDIMScheduler", num_inference_steps=steps)


GOOD = (cell("none"), cell("dynamic_negative"), cell("static_negative"))


@pytest.fixture(scope="module")
def undisturbed() -> list[str]:
    return run([job(*GOOD)]).digests[0]


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (other(Defective(where="start")), "RuntimeError: broken start"),
        (other(Defective(where="plan")), "RuntimeError: broken plan"),
        (other(Defective(where="combine")), "RuntimeError: broken combine"),
        (other(Defective(where="shape")), "RuntimeError: The size of tensor a"),
        (
            other(Unreadable(**cell("dynamic_negative").guidance.model_dump())),
            "answer at step 1: KeyError: 'unreadable'",
        ),
        (other(GOOD[0].guidance, BrokenEdit()), "ValueError: made for another text encoder"),
        (cell("none", solver="HeunDiscreteScheduler"), "UnsupportedSchedulerError: solver: 'HeunDiscreteScheduler'"),
        (cell("static_negative", negative_scale=1e38), "latents are not finite after step"),
    ],
    ids=["start", "plan", "combine", "shape", "answer", "edit", "solver", "not finite"],
)
def test_a_defect_ends_its_own_trial_and_no_other_on_its_trajectory(bad, message, undisturbed):
    made = run([job(GOOD[0], bad, *GOOD[1:]), job(*GOOD)])
    broken_one = made.results[0][1]
    assert broken_one.picture is None and broken_one.error.startswith(message), broken_one.error
    digests = made.digests
    assert [digests[0][0], *digests[0][2:]] == undisturbed and digests[1] == undisturbed
    assert (made.counters.trials, made.counters.failed) == (7, 1)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (other(Defective(where="track")), "RuntimeError: broken track"),
        (other(GOOD[0].guidance, TooShort()), "RuntimeError: stack expects each tensor to be equal size"),
    ],
    ids=["track", "edited text"],
)
def test_a_defect_in_what_a_trajectory_computes_together_spares_other_trajectories(bad, message, undisturbed):
    made = run([job(bad), job(*GOOD)])
    assert made.results[0][0].error.startswith(message)
    assert made.digests[1] == undisturbed


@pytest.mark.parametrize("how", ["error", "cancelled", "raises"])
def test_a_question_without_an_answer_ends_only_the_trials_that_asked(how, undisturbed):
    def fails(picture, question):
        future: Future[str] = Future()
        if how == "raises":
            raise ConnectionError("no answer")
        if how == "cancelled":
            future.cancel()
            future.set_running_or_notify_cancel()
        else:
            future.set_exception(ConnectionError("no answer"))
        return future

    [[plain, asking, static]] = run([job(*GOOD)], ask=fails).results
    assert plain.error is None and static.error is None
    assert asking.picture is None and asking.exchanges == ()
    assert asking.error.startswith(
        "VLM at step 1: " + ("CancelledError" if how == "cancelled" else "ConnectionError: no")
    )


def test_a_failure_at_the_second_question_keeps_the_first_exchange():
    count = iter(range(10))

    def second_fails(picture, question):
        if next(count):
            raise ConnectionError("gone")
        return answered("dagger")

    [[trial]] = run([job(cell("dynamic_negative"))], ask=second_fails).results
    assert trial.error == "VLM at step 3: ConnectionError: gone"
    assert [(exchange.step, exchange.terms) for exchange in trial.exchanges] == [(1, ("dagger",))]


class Poisoned(StableDiffusion):
    """Predicts, decodes or fails badly for one text only."""

    def __init__(self, how: str) -> None:
        super().__init__(tiny_pipeline())
        self.how, self.poison = how, None

    def noise(self, latents_RCHW, timesteps_R, texts, embedded_R=None):
        predicted = super().noise(latents_RCHW, timesteps_R, texts, embedded_R).clone()
        for row, text in enumerate(texts):
            if text is self.embed("a black cup") and timesteps_R[row] < 500:
                if self.how == "raises":
                    raise RuntimeError("out of memory")
                predicted[row] = float("nan")
        return predicted


@pytest.mark.parametrize(
    ("how", "asks", "message"),
    [
        ("raises", False, "RuntimeError: out of memory"),
        ("nan", False, "latents are not finite after step 2"),
        ("nan", True, "predicted clean latents are not finite at step 2"),
    ],
)
def test_a_bad_forward_ends_the_trajectory_that_it_is_bad_for(how, asks, message):
    questions = []

    def counted(picture, question):
        questions.append(question)
        return at_once(picture, question)

    bad = cell("dynamic_negative", query_steps=(2,)) if asks else cell("none")
    jobs = [job(cell("none"), seed=1), job(bad, text="a black cup"), job(cell("static_negative"), seed=2)]
    model = Poisoned(how)
    made = run(jobs, EXACT, counted, model=model)
    assert made.results[1][0].error == message
    assert made.results[0][0].error is None and made.results[2][0].error is None
    assert not questions


def test_a_decoder_that_fails_ends_the_picture_that_it_fails_on():
    class Brittle(StableDiffusion):
        def decode(self, latents_BCHW, batch):
            if any(torch.equal(latents, poison[0]) for latents in latents_BCHW):
                raise RuntimeError("no decoder")
            return super().decode(latents_BCHW, batch)

    wanted = run([job(cell("none"), seed=1)]).results[0][0]
    poison = [tiny_model().latents_of(wanted.picture)]
    config = EngineConfig(EXACT.max_rows, reproducible=True)
    made = run([job(cell("none"), seed=seed) for seed in range(3)], config, model=Brittle(tiny_pipeline()))
    assert [results[0].error for results in made.results] == [None, "RuntimeError: no decoder", None]


def test_a_defect_of_the_engine_itself_leaves_no_future_hanging(monkeypatch):
    from safesweep.engine import batch

    def defective(ready, max_rows):
        raise AssertionError("a defect")

    monkeypatch.setattr(batch, "pack", defective)
    [[first], [second]] = run([job(cell("none")), job(cell("none"), seed=1)]).results
    assert first.error == second.error == "AssertionError: a defect"
