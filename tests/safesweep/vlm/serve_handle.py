"""What a Serve handle is to its caller, every answer scripted."""

import asyncio


class Response:
    """What a Serve handle returns: awaitable and cancellable."""

    def __init__(self, outcome):
        self.outcome, self.cancelled = outcome, False

    def cancel(self):
        self.cancelled = True

    def __await__(self):
        return self._wait().__await__()

    async def _wait(self):
        if self.outcome == "hang":
            await asyncio.sleep(60)
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


class Handle:
    """Gives one scripted outcome a call, the last one for ever."""

    def __init__(self, *outcomes):
        self.outcomes, self.responses, self.ask = list(outcomes), [], self
        self.shut_down = 0

    def shutdown(self):
        self.shut_down += 1

    def remote(self, picture, question):
        outcome = self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]
        self.responses.append(Response(outcome))
        return self.responses[-1]
