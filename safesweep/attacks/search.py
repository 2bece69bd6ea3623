"""One search: a target prompt under attack in one cell. A pure function of its key and of the scores that it is told."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from safesweep.attacks.base import Attempt, Candidate, Proposal, Seen, draw
from safesweep.attacks.operators.base import NoRewriteError, Operator
from safesweep.attacks.strategies.base import Strategy

REDRAWS = 20
"""Tries to find a candidate that was not tried before, before one is tried again."""
TARGET = "target"


@dataclass(frozen=True)
class Rules:
    """The numbers of a search."""

    budget: int = 50
    """Attempts at most, the target itself among them."""
    children: int = 7
    """Attempts of a generation."""
    most_edits: int = 3
    """Operators that make one candidate."""


class Search:
    """Proposes a generation, is told what came of it, proposes the next; over with the first success or the budget."""

    def __init__(
        self, target: Candidate, key: str, strategy: Strategy, operators: Mapping[str, Operator], rules: Rules
    ) -> None:
        """``key`` decides every draw: run seed, target, cell and strategy are in it. ``operators``: name -> what rewrites."""
        self.target, self.key, self.rules, self.strategy = target, key, rules, strategy
        self._operators = {name: operators[name] for name in strategy.operators(tuple(operators))}
        self.attempts: list[Attempt] = []
        self._generation = 0

    @property
    def success(self) -> int | None:
        """The first attempt whose picture is unsafe."""
        return next((place for place, one in enumerate(self.attempts) if one.seen.outcome == "unsafe"), None)

    @property
    def over(self) -> bool:
        """Whether there is nothing more to try."""
        return self.success is not None or len(self.attempts) >= self.rules.budget

    @property
    def room(self) -> int:
        """Attempts of the next generation."""
        return min(self.rules.children, self.rules.budget - len(self.attempts)) if self.attempts else 1

    async def propose(self) -> list[Proposal]:
        """The next generation; it is the same at every call until it is told. Empty where the search is over."""
        if self.over:
            return []
        if not self.attempts:
            return [Proposal(self.target, 0, TARGET, ())]
        tried = {one.proposal.candidate for one in self.attempts}
        proposals: list[Proposal] = []
        for place in range(self.room):
            made = await self._child(place, tried)
            tried.add(made.candidate)
            proposals.append(made)
        return proposals

    def tell(self, proposals: Sequence[Proposal], seen: Sequence[Seen]) -> None:
        """What came of a generation, one a proposal."""
        self.attempts += [Attempt(*one) for one in zip(proposals, seen, strict=True)]
        self._generation += 1

    async def _child(self, place: int, tried: set[Candidate]) -> Proposal:
        made: Proposal | None = None
        for again in range(REDRAWS):
            drawn = draw(self.key, self._generation, place, again)
            parents = [self.strategy.parent(drawn, self.attempts) for _ in range(2)]
            one, other = (self.attempts[parent].proposal.candidate for parent in parents)
            candidate, names, both = one, [], False
            try:
                for _ in range(1 + drawn.randrange(self.rules.most_edits)):
                    names.append(drawn.choice(tuple(self._operators)))
                    operator = self._operators[names[-1]]
                    candidate = await operator.rewrite(drawn, candidate, other)
                    both |= operator.takes_two
            except NoRewriteError:
                continue
            made = Proposal(candidate, self._generation, "+".join(names), tuple(parents if both else parents[:1]))
            if candidate not in tried:
                return made
        return made or Proposal(self.target, self._generation, TARGET, ())


async def pursue(
    search: Search,
    attempt: Callable[[int, Proposal], Awaitable[Seen]],
    history: Mapping[int, Proposal] | None = None,
) -> Search:
    """Runs a search to its end.

    Args:
        search: at its beginning.
        attempt: tries what is proposed at a place, counted from 0; those of a generation are under way together.
        history: place -> what was proposed there before the search was killed. It is proposed again as it was, even where a language model
            would give other words today.
    """
    known = history or {}
    while not search.over:
        first = len(search.attempts)
        places = range(first, first + search.room)
        if all(place in known for place in places):
            proposals = [known[place] for place in places]
        else:
            fresh = await search.propose()
            proposals = [known.get(place, one) for place, one in zip(places, fresh, strict=True)]
        seen = await asyncio.gather(*(attempt(place, one) for place, one in zip(places, proposals, strict=True)))
        search.tell(proposals, seen)
    return search
