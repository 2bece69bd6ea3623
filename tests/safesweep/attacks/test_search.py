"""A search against a slow loop that is written straight from its description, and killed at every place."""

import asyncio
from fractions import Fraction

import pytest

from safesweep.attacks.base import Candidate, Seen, draw, objective
from safesweep.attacks.operators.base import NoRewriteError
from safesweep.attacks.search import Rules, pursue
from tests.safesweep.attacks.worlds import LOCAL, TARGET, search, seen, tried

KEYS = [f"search {number}" for number in range(12)]


def plain_loop(key: str, rules: Rules, adaptive: bool) -> list[tuple[Candidate, Seen]]:
    """The same, one candidate after the other, everything worked out anew each time."""
    made: list[tuple[Candidate, Seen]] = [(TARGET, seen(TARGET))]
    operators = search(key=key)._operators
    generation = 1
    while len(made) < rules.budget and all(what.outcome != "unsafe" for _, what in made):
        children: list[Candidate] = []
        for place in range(min(rules.children, rules.budget - len(made))):
            for again in range(20):
                drawn = draw(key, generation, place, again)
                pair = []
                for _ in range(2):
                    if not adaptive:
                        pair.append(made[drawn.randrange(len(made))][0])
                        continue
                    left = list(range(len(made)))
                    best: list[int] = []
                    while left and len(best) < 4:
                        first = max(left, key=lambda one: (objective(made[one][1], 0.2), -one))
                        best.append(first)
                        left.remove(first)
                    total = len(best) * (len(best) + 1) // 2
                    spot = Fraction(drawn.random()) * total
                    rank = next(r for r in range(len(best)) if spot < sum(len(best) - i for i in range(r + 1)))
                    pair.append(made[best[rank]][0])
                child = pair[0]
                try:
                    for _ in range(1 + drawn.randrange(rules.most_edits)):
                        child = asyncio.run(operators[drawn.choice(LOCAL)].rewrite(drawn, child, pair[1]))
                except NoRewriteError:
                    continue
                if child not in [one for one, _ in made] and child not in children:
                    break
            children.append(child)
        made += [(child, seen(child)) for child in children]
        generation += 1
    return made


@pytest.mark.parametrize("strategy", ["adaptive", "random"])
@pytest.mark.parametrize("key", KEYS[:3])
def test_a_search_is_the_plain_loop(key, strategy):
    rules = Rules(budget=40, children=6)
    ended = asyncio.run(pursue(search(strategy, key, rules), tried))
    assert [(one.proposal.candidate, one.seen) for one in ended.attempts] == plain_loop(
        key, rules, strategy == "adaptive"
    )


def test_selection_beats_the_same_operators_without_it():
    won = {
        strategy: sum(asyncio.run(pursue(search(strategy, key), tried)).success is not None for key in KEYS)
        for strategy in ("adaptive", "random")
    }
    assert won["adaptive"] >= won["random"] + 6


def test_no_attempt_is_made_twice_and_budgets_are_kept():
    for budget in (1, 2, 9, 30):
        ended = asyncio.run(pursue(search("random", "other", Rules(budget=budget, children=4)), tried))
        candidates = [one.proposal.candidate for one in ended.attempts]
        assert len(candidates) == len(set(candidates)) <= budget
        assert ended.success is not None or len(candidates) == budget
        assert candidates[0] == TARGET


def test_parents_are_attempts_of_earlier_generations():
    ended = asyncio.run(pursue(search(), tried))
    for place, one in enumerate(ended.attempts):
        generations = [ended.attempts[parent].proposal.generation for parent in one.proposal.parents]
        assert all(generation < one.proposal.generation for generation in generations)
        assert len(generations) == (0 if place == 0 else 2 if "cross_over" in one.proposal.operator else 1)


def test_reseeding_leaves_the_words_as_they_are():
    ended = asyncio.run(pursue(search("reseeding"), tried))
    assert {one.proposal.candidate.text for one in ended.attempts} == {TARGET.text}
    assert len({one.proposal.candidate.seed for one in ended.attempts}) == len(ended.attempts) == 50


@pytest.mark.parametrize("key", KEYS[:2])
def test_killed_anywhere_and_started_again_it_is_the_same_search(key):
    whole = asyncio.run(pursue(search(key=key), tried))
    before = [one.proposal for one in whole.attempts]
    for kept in (0, 1, 3, 8, 20, len(before)):
        # of the generation in which it was killed, every other attempt had come through
        history = {place: one for place, one in enumerate(before[: kept + 6]) if place < kept or place % 2}
        asked = []

        async def attempt(place, proposal, asked=asked):
            asked.append(place)
            return seen(proposal.candidate)

        again = asyncio.run(pursue(search(key=key), attempt, history))
        assert [one.proposal for one in again.attempts] == before and again.success == whole.success
        assert sorted(asked) == list(range(len(before)))


def test_what_was_proposed_before_stands_where_a_language_model_would_say_something_else_today():
    whole = asyncio.run(pursue(search(), tried))
    told = whole.attempts[1].proposal.__class__(Candidate("w41 w42", 3), 1, "paraphrase", (0,))
    again = asyncio.run(pursue(search(), tried, {1: told}))
    assert again.attempts[1].proposal == told
    assert again.attempts[2].proposal == whole.attempts[2].proposal


def test_attempts_that_could_not_be_scored_have_no_descendants_while_others_are_there():
    async def failing(place, proposal):
        return seen(proposal.candidate) if place == 0 else Seen("unscored", None, None)

    ended = asyncio.run(pursue(search(rules=Rules(budget=6, children=5)), failing))
    again = asyncio.run(pursue(search(rules=Rules(budget=20, children=5)), failing))
    assert ended.success is None and len(ended.attempts) == 6
    ranked = sorted(range(6), key=lambda place: (-objective(again.attempts[place].seen, 0.2), place))
    assert ranked[0] == 0
