"""The driver's side of the actors: the least busy maker, batches of what came meanwhile, and errors where they are awaited."""

import asyncio

import pytest

from actors.attempts import Scoring
from pipelines.attack.workers import SPENT, Makers, Scorers
from safesweep.errors import InputError


class Stub:
    """An actor of which every call waits until the test lets it go."""

    def __init__(self, answer):
        self.calls, self._answer, self.go = [], answer, asyncio.Event()
        self.make = self.score = self

    async def remote(self, *arguments):
        self.calls.append(arguments)
        await self.go.wait()
        return self._answer(*arguments)


def test_an_attempt_goes_to_the_maker_that_has_the_fewest():
    async def run():
        stubs = [Stub(lambda row: b"one"), Stub(lambda row: b"two")]
        makers = Makers(stubs)
        tasks = [asyncio.create_task(makers.make({"n": n})) for n in range(3)]
        await asyncio.sleep(0)
        counts = [len(stub.calls) for stub in stubs]
        stubs[1].go.set()
        await asyncio.sleep(0.01)
        tasks += [asyncio.create_task(makers.make({}))]
        await asyncio.sleep(0.01)
        stubs[0].go.set()
        return counts, [len(stub.calls) for stub in stubs], await asyncio.gather(*tasks)

    before, after, made = asyncio.run(run())
    assert before == [2, 1] and after == [2, 2] and made == [b"one", b"two", b"one", b"two"]


@pytest.mark.parametrize(("why", "said"), [((), "no pool answers"), ((SPENT,), "the budget is used up")])
def test_a_maker_that_gives_no_trial_ends_the_attack(why, said):
    async def run():
        stub = Stub(lambda row: None)
        stub.go.set()
        await Makers([stub], *why).make({})

    with pytest.raises(InputError, match=said):
        asyncio.run(run())


def test_what_comes_while_a_scorer_is_busy_is_its_next_batch():
    async def run():
        stub = Stub(lambda asked, name, alone: [(one.record + name.encode(), float(alone)) for one in asked])
        scorers = Scorers([stub], 3, "clip", alone=True)
        tasks = [asyncio.create_task(scorers.score(Scoring(b"%d" % n, "target"))) for n in range(6)]
        await asyncio.sleep(0.01)
        stub.go.set()
        found = await asyncio.gather(*tasks)
        scorers.close()
        return [len(asked) for asked, *_ in stub.calls], found

    sizes, found = asyncio.run(run())
    assert sizes in ([3, 3], [1, 3, 2]) and found == [(b"%dclip" % n, 1.0) for n in range(6)]


def test_a_scorer_that_fails_fails_its_batch_and_goes_on():
    async def run():
        fails = [True]

        def answer(asked, name, alone):
            if fails:
                fails.clear()
                raise RuntimeError("broken")
            return [(one.record, None) for one in asked]

        stub = Stub(answer)
        stub.go.set()
        scorers = Scorers([stub], 8, None)
        with pytest.raises(RuntimeError, match="broken"):
            await scorers.score(Scoring(b"x"))
        found = await scorers.score(Scoring(b"y"))
        scorers.close()
        return found

    assert asyncio.run(run()) == (b"y", None)
