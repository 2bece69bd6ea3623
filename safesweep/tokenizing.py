"""Tokenizers are called one at a time: a fast one keeps padding and truncation as state of its own, which every call sets anew, so that
of two threads that call it at once one may get the other's."""

import threading
from typing import Any

_ONE_AT_A_TIME = threading.Lock()


def tokenized(tokenizer: Any, *texts: Any, **options: Any) -> Any:
    """``tokenizer(*texts, **options)`` of a transformers tokenizer or processor, while no other thread calls one."""
    with _ONE_AT_A_TIME:
        return tokenizer(*texts, **options)
