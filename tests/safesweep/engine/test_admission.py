"""A request becomes as few trajectories as its cells allow, all from one noise; a trial that cannot be started is told of alone."""

import time
from concurrent.futures import Future

import torch

from safesweep.engine.admission import Admission
from safesweep.engine.trajectory import Submission
from safesweep.engine.waiting import Part
from tests.safesweep.tiny import cell, job, tiny_model

CELLS = (cell("none"), cell("dynamic_negative"), cell("none", steps=3), cell("none", solver="EulerDiscreteScheduler"))


def start(admission, *cells, seed=7):
    request = job(*cells, seed=seed)
    submission = Submission(request, Future(), time.monotonic(), [None] * len(cells))
    return admission.start(Part(submission, None, tuple(range(len(cells)))))


def base(checkpoint):
    return tiny_model()


def nobody(trial, error):
    raise AssertionError(error)


def test_one_trajectory_a_solver_table_and_one_each_where_nothing_is_shared():
    shared = start(Admission(base, True, nobody), *CELLS)
    assert [[trial.index for trial in one.trials] for one in shared] == [[0, 1], [2], [3]]
    apart = start(Admission(base, False, nobody), *CELLS)
    assert [[trial.index for trial in one.trials] for one in apart] == [[0], [1], [2], [3]]
    for one in (*shared, *apart):
        noise = tiny_model().initial_noise(7, 16, 16) * one.table.initial_scale
        assert torch.equal(one.latents[0], noise) and one.step == 0
        assert all(trial.levels == one.table.levels for trial in one.trials)


def test_tables_are_made_once_and_trajectories_are_numbered_in_their_order():
    admission = Admission(base, True, nobody)
    first, second = start(admission, *CELLS), start(admission, *CELLS, seed=8)
    assert [one.order for one in (*first, *second)] == [1, 2, 3, 4, 5, 6]
    assert all(left.table is right.table for left, right in zip(first, second, strict=True))
    assert not torch.equal(first[0].latents[0], second[0].latents[0])


def test_a_trial_that_cannot_be_started_is_told_of_and_the_others_start():
    told = []
    admission = Admission(base, True, lambda trial, error: told.append((trial.index, str(error))))
    started = start(admission, cell("none"), cell("none", solver="NoScheduler"), cell("none", g=2.0))
    assert [[trial.index for trial in one.trials] for one in started] == [[0, 2]]
    [(index, said)] = told
    assert index == 1 and "NoScheduler" in said
