"""What an endpoint may cost: requests, money, and how many a minute."""

import asyncio
import time

from safesweep.vlm.errors import VlmError


class BudgetSpentError(VlmError):
    """Nothing is sent any more: the run's own budget is used up, or the service's account is."""


class Budget:
    """Counts what is sent and answered; for use on one event loop.

    Args:
        most_requests, most_money: None for no bound.
        price: of a picture, in the money of ``most_money``.
        requests_per_minute: None for as many as are asked for.
        requests, money: spent before, which count too.
    """

    def __init__(
        self,
        most_requests: int | None,
        most_money: float | None,
        price: float,
        requests_per_minute: float | None,
        requests: int = 0,
        money: float = 0.0,
    ) -> None:
        self._most_requests, self._most_money, self._price = most_requests, most_money, price
        self._gap_s = 60 / requests_per_minute if requests_per_minute else 0.0
        self._next = 0.0
        self._requests_before, self._money_before = requests, money
        self._under_way = 0
        self._closed: str | None = None
        self.requests = 0
        """Sent here, attempts included."""
        self.answered = 0
        """Of these: those that gave a picture."""

    @property
    def money(self) -> float:
        """Spent here on pictures."""
        return self.answered * self._price

    async def take(self) -> None:
        """Before a request: waits for its turn. Raises ``BudgetSpentError`` where it may not be sent; those under way count as answered."""
        if self._closed is not None:
            raise BudgetSpentError(self._closed)
        if self._most_requests is not None and self._requests_before + self.requests >= self._most_requests:
            raise BudgetSpentError(f"most_requests: {self._most_requests:,} requests are sent; the budget is used up")
        might = self._money_before + (self.answered + self._under_way + 1) * self._price
        if self._most_money is not None and might > self._most_money + 1e-9:
            spent = self._money_before + self.money
            raise BudgetSpentError(f"most_money: {spent:g} of {self._most_money:g} are spent; the budget is used up")
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

    def close(self, reason: str) -> None:
        """Nothing more may be sent, for this reason."""
        self._closed = reason
