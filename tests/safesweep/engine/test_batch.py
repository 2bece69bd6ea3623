"""The mixed batch's arithmetic against one trajectory at a time, and who gets rows."""

from concurrent.futures import Future

import pytest
import torch

from safesweep.engine import batch
from safesweep.engine.trajectory import LiveTrial, Submission, Trajectory
from safesweep.guidance.edits.base import unedited
from safesweep.guidance.methods.base import Tensors, Track
from safesweep.guidance.methods.seen import Seen
from safesweep.models.probe import SUPPORTED
from safesweep.models.solver import solver_table
from tests.safesweep.tiny import cell, job, tiny_model

CHANCE = torch.Generator().manual_seed(11)


def trajectory(
    method: str = "none",
    solver: str = "DDIMScheduler",
    *,
    step: int = 0,
    order: int = 0,
    side: int = 8,
    text: str = "a red circle",
    **options,
) -> Trajectory:
    """On its way at ``step`` with random latents, history and predictions of all its texts."""
    made = cell(method, solver=solver, steps=6, **options)
    work = job(made, text=text)
    trial = LiveTrial(Submission(work, Future(), 0.0, [None]), 0, made, unedited(text), made.guidance.start())
    trial.answered_step = step
    table = solver_table(tiny_model().scheduler(solver), 6)
    past = min(step, table.history - 1)
    randoms = [torch.randn(4, side, side, generator=CHANCE) for _ in range(2 * past + 1)]
    return Trajectory([trial], table, order, step, randoms[: past + 1], randoms[past + 1 :])


def predicted(one: Trajectory) -> Trajectory:
    one.predictions = {text: torch.randn(one.shape, generator=CHANCE) for text in one.outlook.texts}
    return one


def steps_of(trajectories: list[Trajectory]) -> list[batch.Step]:
    return [(one, next(iter(one.outlook.plans))) for one in trajectories]


def mixed() -> list[Trajectory]:
    """Every method and solver, at different steps, in two sizes."""
    methods = ("none", "static_negative", "negative_prompt", "perp_neg")
    made = [
        trajectory(methods[(number + step) % 4], solver, step=step, side=side, g=1.0 + number)
        for number, solver in enumerate(SUPPORTED)
        for step, side in ((0, 8), (1, 4), (3, 8))
    ]
    return [predicted(one) for one in made]


def test_a_mixed_batch_gives_each_the_bits_that_it_gets_alone():
    together = mixed()
    steps = steps_of(together)
    for one, taken in zip(steps, batch.take_steps(tiny_model(), steps), strict=True):
        [alone] = batch.take_steps(tiny_model(), [one])
        assert torch.equal(alone.latents, taken.latents) and torch.equal(alone.output, taken.output)
        assert alone.finite and taken.finite
    for one, clean in zip(steps, batch.predicted_clean(tiny_model(), steps), strict=True):
        assert torch.equal(clean, batch.predicted_clean(tiny_model(), [one])[0])


def test_a_step_is_the_weighted_sum_of_the_past():
    for one, plan in steps_of(mixed()):
        [taken] = batch.take_steps(tiny_model(), [(one, plan)])
        table, wanted = one.table, torch.zeros(one.shape, dtype=torch.float64)
        for back, (latents, output) in enumerate(zip(one.latents, [taken.output, *one.outputs], strict=True)):
            wanted += table.latents_SK[one.step, back].double() * latents.double()
            wanted += table.outputs_SK[one.step, back].double() * output.double()
        assert (taken.latents.double() - wanted).abs().max() <= 1e-5 * max(1.0, float(wanted.abs().max()))


def test_a_step_that_is_not_finite_is_told_and_its_neighbours_are_not_touched():
    good, bad = predicted(trajectory()), predicted(trajectory())
    bad.predictions["a red circle"][0, 0, 0] = float("inf")
    before = [latents.clone() for latents in bad.latents]
    taken = batch.take_steps(tiny_model(), steps_of([good, bad]))
    assert [one.finite for one in taken] == [True, False]
    assert bad.step == 0 and all(map(torch.equal, bad.latents, before))
    assert batch.finite([torch.zeros(2), torch.tensor([float("nan")]), torch.zeros(3, 3)]) == [True, False, True]


def running_sum(eps: Tensors, scales: Tensors, kept: torch.Tensor, seen: Seen) -> torch.Tensor:
    return kept * scales[0][:, None] + eps[0][:, None]


def test_what_is_carried_starts_at_zero_and_is_kept_apart():
    first, second = predicted(trajectory("sld")), predicted(trajectory("sld", safety_scale=9.0))
    kept = batch.updated_tracks([first, second])
    assert first.tracked == {} and [len(one) for one in kept] == [1, 1]
    for one, made in zip((first, second), kept, strict=True):
        [alone] = batch.updated_tracks([one])
        [track] = one.outlook.tracks
        assert torch.equal(made[track], alone[track]) and made[track].shape == (2, 4, 8, 8)
    track = Track(("",), running_sum, (0.5,), kept=1)
    first._outlook = first.outlook.__class__({}, first.outlook.plans, (track,), first.outlook.texts)
    [one] = batch.updated_tracks([first])
    first.tracked.update(one)
    [two] = batch.updated_tracks([first])
    assert torch.equal(two[track][0], 1.5 * first.predictions[""])


def test_rows_go_to_the_most_advanced_and_the_rest_of_the_room_to_a_part():
    young, old, middle = trajectory(order=1), trajectory(step=4, order=3), trajectory(step=2, order=2)
    packed = batch.pack([young, old, middle], max_rows=5)
    assert packed == [(old, ("", "a red circle")), (middle, ("", "a red circle")), (young, ("",))]
    young.predictions[""] = torch.zeros(young.shape)
    assert batch.pack([young], max_rows=5) == [(young, ("a red circle",))]
    assert batch.pack([], max_rows=5) == []
    young.predictions["a red circle"] = torch.zeros(young.shape)
    assert batch.pack([young], max_rows=5) == []


def test_a_forward_is_of_one_size_and_the_oldest_says_which():
    large_and_old = trajectory(step=1, order=1, side=8)
    small = [trajectory(step=3, order=2, side=4), trajectory(step=5, order=3, side=4)]
    assert [one for one, _ in batch.pack([*small, large_and_old], max_rows=6)] == [large_and_old]
    assert [one.order for one, _ in batch.pack(small, max_rows=6)] == [3, 2]


@pytest.mark.parametrize("solver", SUPPORTED)
def test_rows_of_a_forward_do_not_depend_on_slot_neighbours_or_padding(solver):
    one, two = trajectory(solver=solver, step=2), trajectory(text="a blue key", step=4)
    rows = [(one, ""), (one, "a red circle"), (two, "a blue key")]
    together = batch.predict(tiny_model(), rows, 6)
    assert together.shape == (6, 4, 8, 8)
    for place in range(3):
        assert torch.equal(batch.predict(tiny_model(), [rows[place]], 6)[0], together[place])
    assert torch.equal(batch.predict(tiny_model(), rows[::-1], 6)[2], together[0])


def test_decoding_keeps_the_order_across_sizes():
    latents = [torch.randn(4, side, side, generator=CHANCE) for side in (8, 4, 8, 4)]
    pictures = batch.decode(latents, tiny_model().preview, 1)
    assert [picture.shape[0] for picture in pictures] == [16, 8, 16, 8]
    for one, picture in zip(latents, pictures, strict=True):
        assert (tiny_model().preview(one[None], 1)[0] == picture).all()


def test_likeness_is_the_cosine():
    left, right = torch.tensor([[1.0, 0.0]]), torch.tensor([[1.0, 1.0]])
    assert batch.cosine_similarity(left, right) == pytest.approx(0.5**0.5)
    assert batch.cosine_similarity(left, -left) == pytest.approx(-1)
