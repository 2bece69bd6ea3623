"""What must never change a picture: in reproducible mode, not one bit."""

import random
import threading
from concurrent.futures import Future
from functools import cache

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safesweep.engine.config import EngineConfig
from safesweep.engine.trajectory import Request
from safesweep.guidance.cell import Cell
from tests.safesweep.tiny import EXACT, cell, glance, job, run

CELLS = (
    cell("none"),
    cell("none", g=2.0, solver="EulerDiscreteScheduler"),
    cell("negative_prompt", solver="PNDMScheduler", steps=4),
    cell("static_negative"),
    cell("static_negative", negative_scale=6.0),
    cell("dynamic_negative"),
    cell("dynamic_negative", negative_scale=6.0),
    cell("dynamic_negative", query_steps=(0, 2), reuse_similarity=0.9),
    cell("sld"),
    cell("perp_neg", solver="UniPCMultistepScheduler"),
    cell("dng"),
    cell("crg"),
    cell("safe_denoiser"),
    cell("stg"),
    cell("stg", last_level=0.7, solver="EulerDiscreteScheduler"),
    cell("safe_denoiser", temperature=30.0, last_level=0.0),
    cell("dng", against="empty", negative_scale=6.0),
)
PROMPTS = ("a red circle", "a blaze in red")
FEW = settings(max_examples=6, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))


@st.composite
def work(draw: st.DrawFn) -> list[Request]:
    """One to three jobs of a few cells each; seeds and prompts repeat."""
    count = draw(st.integers(1, 3))
    return [
        job(
            *draw(st.lists(st.sampled_from(CELLS), min_size=1, max_size=4, unique=True)),
            text=draw(st.sampled_from(PROMPTS)),
            seed=draw(st.integers(0, 1)),
        )
        for _ in range(count)
    ]


@cache
def alone(text: str, seed: int, one: Cell) -> str:
    """The digest of a trial that has an engine to itself and is answered at once."""
    return run([job(one, text=text, seed=seed)]).digests[0][0]


def each_alone(jobs: list[Request]) -> list[list[str]]:
    return [[alone(one.text, one.seed, each) for each in one.cells] for one in jobs]


@FEW
@given(work(), st.randoms(use_true_random=False))
def test_order_of_arrival_and_neighbours(jobs: list[Request], chance: random.Random):
    places = list(range(len(jobs)))
    chance.shuffle(places)
    made = run([jobs[place] for place in places]).digests
    assert made == each_alone([jobs[place] for place in places])


@FEW
@given(work(), st.integers(1, 4), st.booleans())
def test_how_many_are_in_flight_and_whether_they_share(jobs: list[Request], in_flight: int, share: bool):
    config = EngineConfig(EXACT.max_rows, max_trajectories=in_flight, reproducible=True, share=share)
    assert run(jobs, config).digests == each_alone(jobs)


@FEW
@given(work(), st.lists(st.sampled_from([0.0, 0.002, 0.02]), min_size=1, max_size=5))
def test_how_long_the_vlm_thinks_and_in_which_order_it_answers(jobs: list[Request], delays: list[float]):
    asked = iter(range(1000))

    def slow(picture, question):
        future: Future[str] = Future()
        delay = delays[next(asked) % len(delays)]
        threading.Timer(delay, future.set_result, [glance(picture, question)]).start()
        return future

    assert run(jobs, ask=slow).digests == each_alone(jobs)


@FEW
@given(work(), st.integers(2, 3))
def test_how_many_engines_there_are(jobs: list[Request], engines: int):
    parts = [[place for place in range(len(jobs)) if place % engines == number] for number in range(engines)]
    made: dict[int, list[str]] = {}

    def work_off(part: list[int]) -> None:
        made.update(zip(part, run([jobs[place] for place in part]).digests, strict=True))

    threads = [threading.Thread(target=work_off, args=[part]) for part in parts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [made[place] for place in range(len(jobs))] == each_alone(jobs)
