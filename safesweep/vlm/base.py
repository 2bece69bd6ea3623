"""The contract of a VLM backend: its settings are its face, and say what it needs, what decides its answers, and who gives them."""

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, Protocol

from pydantic import ConfigDict, Field, PositiveFloat, PositiveInt, model_validator

from safesweep.models.checkpoint import digest
from safesweep.settings import Section, is_none
from safesweep.types import Picture

DigestOf = Callable[[str, str | None], str]
"""(model, revision) -> what names its content, by default ``safesweep.models.checkpoint.digest``."""


class Source(Protocol):
    """Answers one question in one attempt, within a time of its own."""

    async def ask(self, picture: Picture, question: str) -> str:
        """The raw answer, a ``Reply`` where more than its text is known. ``picture``: uint8 [H, W, 3] RGB.

        Raises ``VlmTroubleError`` or ``VlmBusyError`` when another attempt may help, any other ``VlmError`` when none can.
        """


class Answerer(Protocol):
    """A loaded model, as one replica of a pool holds it; asked from one thread at a time."""

    def check(self, question: str) -> None:
        """Raises ``InputError`` for a question that can never be answered."""

    def answer(self, pictures: Sequence[Picture], questions: Sequence[str]) -> list[str]:
        """One raw answer a (picture, question), as ``Source.ask`` gives it. ``pictures``: uint8 [H, W, 3] RGB each."""


class VlmSettings(Section, ABC):
    """Whom previews are shown to. A backend derives from ``PooledVlm`` or ``DirectVlm``, in one file with its own options."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    backend: str
    """Who answers: a name of ``safesweep.vlm.backends.BACKENDS``."""
    on_refusal: Literal["fail", "nothing"] = "fail"
    """An answer such as "I cannot help with that": fail the trial by name, or read it as one that names nothing."""
    timeout_s: PositiveFloat = 60.0
    """Seconds that one attempt may take."""
    tries: PositiveInt = 6
    """Attempts before the trial fails."""
    replicas: PositiveInt = 1
    """Copies of the model; those of somebody else's endpoint count for ``--plan`` alone."""
    max_batch_size: PositiveInt = 16
    """Questions that one copy answers together."""

    @classmethod
    def refuse(cls, foreign: Mapping[str, Any]) -> None:
        """``foreign``: options of other backends alone, which a preset for several may hold and which are left aside.

        Raises ``ValueError`` for one that shows that another backend is meant.
        """

    @abstractmethod
    def check(self, questions: Iterable[str] = ()) -> None:
        """What can be checked before a run: files, an endpoint, that ``questions`` can be answered. Loads no model.

        Raises ``InputError``.
        """

    @abstractmethod
    def model_id(self, digest_of: DigestOf = digest) -> str:
        """Who answers, for people and the lake: "folder@digest", "openai:name@revision".

        Raises ``InputError`` for a model that is not on this machine.
        """

    @abstractmethod
    def deciding(self, digest_of: DigestOf = digest) -> Mapping[str, Any]:
        """All that decides an answer, in JSON's types: two settings of which it is equal answer alike.

        Where the model runs, how many copies of it there are and how patiently it is asked is no part of it; ``on_refusal`` is added.
        Raises ``InputError`` for a model or an example that is not on this machine.
        """

    def identity(self, digest_of: DigestOf = digest) -> str:
        """Content hash, 16 hexadecimal digits, of ``deciding`` and ``on_refusal``: part of the ids of trials that ask.

        Raises ``InputError`` as ``deciding`` does. Nothing is loaded: files are hashed.
        """
        decides = {**self.deciding(digest_of), "on_refusal": self.on_refusal}
        return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()[:16]

    @abstractmethod
    def described(self) -> str:
        """Who answers and where, for the log: "2 × miniature/weights/vlm on Ray Serve"."""

    @abstractmethod
    def source(self, served: "Callable[[ServedVlm], Source]") -> Source:
        """What answers, for use on one event loop; ``served`` reaches the replicas of a pool.

        Raises ``InputError`` for a key or a file that is missing.
        """

    @property
    def pool(self) -> "ServedVlm | None":
        """The pool of replicas that must run before it can be asked."""
        return None

    @property
    def key_goes_to(self) -> tuple[str, str] | None:
        """(URL, environment variable) where the key in the variable is sent to the URL's host; ``None`` where no key is."""
        return None

    @property
    def weights(self) -> tuple[str, str | None] | None:
        """(folder or hub id, revision) of its weights on this machine; ``None`` where they are elsewhere or there are none."""
        return None

    @property
    def writes(self) -> bool:
        """Whether it answers any question, in words of its own; otherwise only the questions of vocabularies."""
        return True

    @property
    def weighs(self) -> bool:
        """Whether it gives the likelihood of each answer to a ``safesweep.vlm.questions.Choice``; otherwise it writes one."""
        return False


class DirectVlm(VlmSettings):
    """A backend that whoever asks reaches by itself: an endpoint, or a rule cheap enough to run in the asking process."""

    @abstractmethod
    def load(self) -> Source:
        """What answers, for use on one event loop. Raises ``InputError`` for a key or a file that is missing."""

    def source(self, served: "Callable[[ServedVlm], Source]") -> Source:
        """What ``load`` gives."""
        return self.load()


class ServedVlm(VlmSettings):
    """A backend whose model replicas on Ray Serve hold, which answer the questions of all actors."""

    num_gpus: float = Field(default=0.0, ge=0)
    """GPUs that one replica takes; a share of one is allowed."""
    batch_wait_s: float = Field(default=0.01, ge=0)
    """Seconds that a replica waits for a batch to fill."""
    max_ongoing_requests: PositiveInt = 64
    """Questions that one replica takes at a time; at least twice the batch."""
    max_queued_requests: int = Field(default=512, ge=-1)
    """Questions that may wait for a replica; beyond it one is refused and tried again later. -1: no bound."""
    max_replicas: PositiveInt | None = Field(default=None, exclude_if=is_none)
    """Let the pool grow to so many copies while questions wait, and shrink to ``replicas`` when none do; by default it keeps its size."""
    target_ongoing_requests: PositiveFloat | None = Field(default=None, exclude_if=is_none)
    """max_replicas: questions, answered and waiting, that one copy should have; more of them, measured over some time, make the pool grow.
    By default twice the batch."""
    upscale_delay_s: float = Field(default=10.0, ge=0)
    """max_replicas: seconds for which too many questions must wait before a copy is added."""
    downscale_delay_s: float = Field(default=120.0, ge=0)
    """max_replicas: seconds of too few questions before a copy goes; a new one has to load the model again."""
    app: str = "safesweep-vlm"
    """Name of the Serve application, in front of that of the run's start."""
    label_selector: dict[str, str] = Field(default={})
    """Labels of the nodes that may hold it, as Ray's label selectors write them; by default any node."""

    @model_validator(mode="after")
    def _grows(self) -> "ServedVlm":
        if self.max_replicas is not None and self.max_replicas < self.replicas:
            raise ValueError(f"max_replicas is {self.max_replicas}; allowed: replicas, {self.replicas}, or more")
        return self

    def scaling(self) -> dict[str, Any]:
        """Serve's options for the number of copies: ``num_replicas``, or ``autoscaling_config``, which follows the measured queue."""
        if self.max_replicas is None:
            return {"num_replicas": self.replicas}
        return {
            "autoscaling_config": {
                "min_replicas": self.replicas,
                "max_replicas": self.max_replicas,
                "target_ongoing_requests": self.target_ongoing_requests or 2.0 * self.max_batch_size,
                "upscale_delay_s": self.upscale_delay_s,
                "downscale_delay_s": self.downscale_delay_s,
            }
        }

    @property
    def gpus(self) -> float:
        """GPUs that one copy takes in all."""
        return self.num_gpus

    def source(self, served: "Callable[[ServedVlm], Source]") -> Source:
        """The pool's replicas."""
        return served(self)

    @property
    def pool(self) -> "ServedVlm":
        """Itself."""
        return self


class PooledVlm(ServedVlm):
    """A pool whose replicas are this project's own: each loads the model and answers in batches."""

    @abstractmethod
    def load(self) -> Answerer:
        """The model, in the replica. Raises ``InputError`` when it is not on the replica's node."""
