"""Keeps diffusers and transformers from drawing bars and repeating advice while they load a model."""

import sys
from importlib import import_module


def quiet_libraries() -> None:
    """Errors still show. One that the process has not imported has nothing to say."""
    for library in ("diffusers", "transformers"):
        if library in sys.modules:
            logging = import_module(f"{library}.utils.logging")
            logging.disable_progress_bar()
            logging.set_verbosity_error()
