"""What may be sent, exactly."""

import asyncio

import pytest

from safesweep.endpoint.budget import Budget, BudgetSpentError


def test_one_under_way_counts_as_if_it_were_answered():
    async def work():
        budget = Budget(None, 1.0, 0.5, None)
        await budget.take()
        await budget.take()
        with pytest.raises(BudgetSpentError, match="most_money: 0 of 1 are spent"):
            await budget.take()
        budget.ended(False)
        await budget.take()
        budget.ended(True)
        budget.ended(True)
        assert (budget.requests, budget.answered, budget.money) == (3, 2, 1.0)
        with pytest.raises(BudgetSpentError, match="most_money: 1 of 1 are spent"):
            await budget.take()

    asyncio.run(work())


def test_requests_leave_at_their_rate(monkeypatch):
    slept = []

    async def sleep(seconds):
        slept.append(seconds)

    monkeypatch.setattr("safesweep.endpoint.budget.time.monotonic", lambda: 100.0)
    monkeypatch.setattr("safesweep.endpoint.budget.asyncio.sleep", sleep)

    async def work():
        budget = Budget(None, None, 0.0, 120)
        for _ in range(4):
            await budget.take()

    asyncio.run(work())
    assert slept == pytest.approx([0.5, 1.0, 1.5])


def test_a_closed_one_says_why():
    budget = Budget(None, None, 0.0, None)
    budget.close("the account is empty")
    with pytest.raises(BudgetSpentError, match="the account is empty"):
        asyncio.run(budget.take())
