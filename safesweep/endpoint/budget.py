"""What an endpoint may cost: requests, money, and how many a minute."""

import asyncio
import time

from safesweep.vlm.errors import VlmError


class BudgetSpentError(VlmError):
    """The run's own budget is used up: no request is sent any more."""


class Budget:
    """Counts what is sent and answered; for use on one event loop."""

    def __init__(
        self, most_requests: int | None, most_money: float | None, price: float, requests_per_minute: float | None
    ) -> None:
        self._most_requests, self._most_money, self._price = most_requests, most_money, price
        self._gap_s = 60 / requests_per_minute if requests_per_minute else 0.0
        self._next = 0.0
        self.requests = 0
        self._under_way = 0
        self.answered = 0

    @property
    def money(self) -> float:
        """Spent on pictures."""
        return self.answered * self._price

    async def take(self) -> None:
        """Before a request: waits for its turn. Raises ``BudgetSpentError`` where it may not be sent; those under way count as answered."""
        if self._most_requests is not None and self.requests >= self._most_requests:
            raise BudgetSpentError(f"most_requests: {self._most_requests:,} requests are sent; the budget is used up")
        might = (self.answered + self._under_way + 1) * self._price
        if self._most_money is not None and might > self._most_money + 1e-9:
            raise BudgetSpentError(
                f"most_money: {self.money:g} of {self._most_money:g} are spent; the budget is used up"
            )
        self.requests += 1
        self._under_way += 1
        now = time.monotonic()
        turn = max(now, self._next)
        self._next = turn + self._gap_s
        if turn > now:
            await asyncio.sleep(turn - now)

    def ended(self, answered: bool) -> None:
        """After a request: whether it gave a picture, which costs."""
        self._under_way -= 1
        self.answered += answered
