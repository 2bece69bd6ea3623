"""A VLM on Ray Serve, as the client asks it."""

import asyncio
from collections.abc import Callable
from typing import Any

from safesweep.errors import InputError
from safesweep.types import Picture
from safesweep.vlm.errors import VlmBusyError, VlmError, VlmTroubleError


class ServeSource:
    """A deployment on Ray Serve, which is looked for when it is first asked."""

    def __init__(self, handle: Callable[[], Any], timeout_s: float) -> None:
        self._find, self._timeout = handle, timeout_s
        self._handle: Any = None

    async def ask(self, picture: Picture, question: str) -> str:
        from ray.exceptions import RayError, RayTaskError
        from ray.serve.exceptions import BackPressureError, RayServeException

        if self._handle is None:
            self._handle = await asyncio.to_thread(self._find)
        response = self._handle.ask.remote(picture, question)
        try:
            return await asyncio.wait_for(_awaited(response), self._timeout)
        except BackPressureError as error:
            response.cancel()
            raise VlmBusyError(_described(error)) from error
        except TimeoutError as error:
            response.cancel()  # giving up waiting does not free the replica
            raise VlmTroubleError(f"TimeoutError: no answer within {self._timeout:g} s") from error
        except (RayError, RayServeException) as error:
            response.cancel()
            cause = error.cause if isinstance(error, RayTaskError) else None
            if isinstance(cause, InputError):
                raise VlmError(str(cause)) from error
            if isinstance(cause, VlmError):  # a replica that reads an engine's answer knows best what is the matter
                raise cause from error
            raise VlmTroubleError(_described(error)) from error

    async def close(self) -> None:
        """Ends what the handle does by itself: of a pool that grows it tells Serve every few seconds how many questions wait."""
        if self._handle is not None:
            await asyncio.to_thread(self._handle.shutdown)
            self._handle = None


async def _awaited(response: Any) -> str:
    answer: str = await response  # as it is: a Reply holds more than its text
    return answer


def _described(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[-1] if lines else 'no reason given'}"
