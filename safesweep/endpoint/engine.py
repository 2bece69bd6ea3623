"""What a diffusion actor holds where the model is behind an API: requests in, pictures and refusals out, as the engine gives them."""

import threading
import time
from concurrent.futures import Future
from functools import partial

from safesweep.endpoint.client import Drawn, ImagesClient
from safesweep.endpoint.settings import ImagesApiSettings
from safesweep.endpoint.texts import asked_texts
from safesweep.engine.counters import Counters
from safesweep.engine.status import EngineStatus
from safesweep.engine.trajectory import Request, Submission, TrialResult


class EndpointEngine:
    """Takes requests from any thread and sends each of its cells' prompts off; cells whose prompt is the same share one picture."""

    def __init__(self, settings: ImagesApiSettings, requests: int = 0, money: float = 0.0) -> None:
        """``requests``, ``money``: what of the budget is spent already. Raises ``InputError`` for a key that is not set."""
        self._client, self.counters = ImagesClient(settings, requests, money), Counters()
        self._lock, self._started, self._under_way = threading.Lock(), time.monotonic(), 0

    @property
    def waiting(self) -> int:
        """Requests that are not begun yet; the client queues them itself."""
        return 0

    def submit(self, request: Request) -> "Future[list[TrialResult]]":
        """The future gives one result a cell, in the order of ``request.cells``."""
        submission = Submission(request, Future(), time.monotonic(), [None] * len(request.cells))
        submission.future.set_running_or_notify_cancel()
        places = asked_texts(request.text, request.seed, request.cells)
        with self._lock:
            self._under_way += len(places)
        for text, own in places.items():
            drawn = self._client.draw(text, request.seed, request.width, request.height)
            drawn.add_done_callback(partial(self._finish, submission, own))
        return submission.future

    def _finish(self, submission: Submission, places: list[int], drawn: "Future[Drawn]") -> None:
        found, seconds = drawn.result(), time.monotonic() - submission.submitted
        result = TrialResult(
            found.picture,
            found.error or found.unsent,
            *((), 0.0, 0, 0.0, seconds),
            refusal=found.refusal,
            unsent=found.unsent is not None,
        )
        cells, counted = submission.request.cells, self.counters
        with self._lock:
            self._under_way -= 1
            if result.unsent:
                counted.unsent += len(places)
            else:
                counted.trials += len(places)
                counted.steps += sum(cells[place].num_inference_steps for place in places)
                counted.failed += len(places) if found.error else 0
                counted.refused += len(places) if found.refusal else 0
            for place in places:
                submission.finish(place, result)

    def status(self) -> EngineStatus:
        """Where it stands; requests under way stand for trajectories, and a trial that has ended for its cell's steps."""
        self.counters.requests, self.counters.money = self._client.budget.requests, self._client.budget.money
        seconds = time.monotonic() - self._started
        return EngineStatus.of(self.counters, seconds, self._under_way, 0, 0, 0)

    def close(self) -> None:
        """Ends the connections; nothing may be submitted any more."""
        self._client.close()
