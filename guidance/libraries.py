"""Keeps diffusers and transformers from drawing bars and repeating advice while they load a model."""

import diffusers.utils.logging as diffusers_logging
import transformers.utils.logging as transformers_logging


def quiet_libraries() -> None:
    """Errors still show."""
    for logging in (diffusers_logging, transformers_logging):
        logging.disable_progress_bar()
        logging.set_verbosity_error()
