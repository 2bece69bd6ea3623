"""What libraries say: no bars and no advice while they load a model, and, to who wants to hear it, their warnings about numbers."""

import logging
import re
import sys
import traceback
import warnings
from collections.abc import Callable
from importlib import import_module
from typing import Any

from safesweep.terminal import sayable

SPEAKERS = frozenset(
    ("accelerate", "actors", "diffusers", "open_clip", "peft", "root", "safesweep", "timm", "torch", "transformers")
)
"""First parts of the names of loggers whose warnings are heard; open_clip writes to the root."""
UNHEARD = (DeprecationWarning, PendingDeprecationWarning, FutureWarning, ResourceWarning, ImportWarning, SyntaxWarning)
"""Of code's future and housekeeping, not of numbers."""
CHATTER = ("torchvision backend is not available", "is deprecated", "pad_token_id", "Expected types for vae")
"""In messages that change no number: that pictures are resized with Pillow, and that a small decoder stands for the large one."""
LONGEST = 400
"""Characters of a warning that are passed on."""

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_heard: list[Callable[[str], None]] = []


def quiet_libraries() -> None:
    """Errors still show; warnings go to ``hear_libraries``'s listener alone. One that the process has not imported has nothing to say."""
    for library in ("diffusers", "transformers"):
        if library in sys.modules:
            said = import_module(f"{library}.utils.logging")
            said.disable_progress_bar()
            if _heard:
                said.set_verbosity_warning()
                said.disable_default_handler()
            else:
                said.set_verbosity_error()
                said.enable_default_handler()


def hear_libraries(tell: Callable[[str], None]) -> Callable[[], None]:
    """From now on ``tell`` gets the warnings of this process that may concern numbers, one line each, once for each place in the code.

    Those of ``warnings`` but ``UNHEARD``, and what ``SPEAKERS`` log as a warning or worse. Returns what ends it.
    """
    ears = _Ears(tell)
    roots = [logging.getLogger(), *map(logging.getLogger, ("diffusers", "transformers"))]  # those two do not propagate
    show = warnings.showwarning

    def shown(message: Any, category: type[Warning], filename: str, lineno: int, *more: Any) -> None:
        if not issubclass(category, UNHEARD):
            ears.hear(f"{category.__name__}: {message}", (filename, lineno))
        show(message, category, filename, lineno, *more)

    warnings.showwarning = shown  # type: ignore[assignment]
    for logger in roots:
        logger.addHandler(ears)
    _heard.append(tell)
    quiet_libraries()

    def end() -> None:
        _heard.remove(tell)
        warnings.showwarning = show
        for logger in roots:
            logger.removeHandler(ears)
        quiet_libraries()

    return end


class _Ears(logging.Handler):
    def __init__(self, tell: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._tell = tell
        self._known: set[tuple[str, int]] = set()

    def emit(self, record: logging.LogRecord) -> None:
        speaker = record.name.partition(".")[0]
        if speaker in SPEAKERS:
            self.hear(f"{speaker}: {record.getMessage()}", (record.pathname, record.lineno))

    def hear(self, text: str, place: tuple[str, int]) -> None:
        """``place``: file and line; one place is heard once, however its words change."""
        if place in self._known or any(words in text for words in CHATTER):
            return
        self._known.add(place)
        line = " ".join(sayable(_COLOURS.sub("", text)).split())
        try:
            self._tell(line if len(line) <= LONGEST else line[:LONGEST] + "…")
        except Exception:  # what warns must not fail because nobody can be told
            print(sayable(traceback.format_exc()), file=sys.stderr)
