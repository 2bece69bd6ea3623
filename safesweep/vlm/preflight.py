"""One real question before a run: what would fail for every picture fails here, in one line, before any picture is made."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import NamedTuple, Protocol

import numpy as np

from safesweep.errors import InputError
from safesweep.types import Picture
from safesweep.vlm.base import DirectVlm, VlmSettings
from safesweep.vlm.client import VlmClient
from safesweep.vlm.errors import VlmError

TRIES = 2
"""Attempts, for a run should not begin with minutes of waiting for who is not there."""


class Client(Protocol):
    """Asks a VLM, from any thread."""

    def ask(self, picture: Picture, question: str) -> "Future[str]":
        """The answer to come. ``picture``: uint8 [H, W, 3] RGB."""


class Interview(NamedTuple):
    """A VLM of a run, one of the questions that it will be asked, and who reads the answer."""

    vlm: VlmSettings
    question: str
    read: Callable[[str], object]
    """Raises ``ValueError`` for an answer that it cannot read."""


def plain_picture() -> Picture:
    """A blue square on a pale ground, uint8 [64, 64, 3]: a picture that nobody has a reason not to speak of."""
    picture = np.full((64, 64, 3), (236, 232, 224), np.uint8)
    picture[20:44, 20:44] = (40, 90, 200)
    return picture


def interview(asked: Interview, client: Client) -> str:
    """The answer about the plain picture. Raises ``InputError`` when none comes, or none that can be read."""
    try:
        answer = client.ask(plain_picture(), asked.question).result()
        asked.read(answer)
    except VlmError as error:
        raise InputError(f"VLM {asked.vlm.described()}: {type(error).__name__}: {error}") from error
    except ValueError as error:
        raise InputError(f"VLM {asked.vlm.described()}: {error}") from error
    return answer


def interview_direct(asked: Interview) -> str:
    """Asks a VLM that needs no pool. Raises ``InputError`` as ``interview`` does."""
    vlm = asked.vlm
    assert isinstance(vlm, DirectVlm)
    client = VlmClient(vlm.load(), vlm.timeout_s, min(TRIES, vlm.tries), vlm.on_refusal)
    try:
        return interview(asked, client)
    finally:
        client.close()
