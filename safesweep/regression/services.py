"""Services that reach people, by apprise. What it logs may quote an address, and an address is a key: none of it gets into a log."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO

from safesweep.redaction import without_parts_of


def is_service(url: str) -> bool:
    """Whether apprise knows a service of this address."""
    with _listening():
        from apprise import Apprise

        return Apprise.instantiate(url) is not None


def call_service(url: str, title: str, body: str) -> str | None:
    """Sends a failure to the service behind ``url``; returns why it did not go out, without any part of the address, or None."""
    with _listening() as said:
        import apprise

        service = apprise.Apprise.instantiate(url, suppress_exceptions=False)
        assert service is not None  # the policy refuses addresses that apprise does not know
        try:
            sent = bool(service.notify(body=body, title=title, notify_type=apprise.NotifyType.FAILURE))
            why = " ".join(said.getvalue().split())
        except Exception as error:  # a service's own code may raise anything; the verdict stands
            sent, why = False, f"{type(error).__name__}: {error}"
    return None if sent else without_parts_of(why, url) or "was not sent"


@contextmanager
def _listening() -> Iterator[StringIO]:
    """Takes what apprise logs from warnings on, which goes nowhere else meanwhile."""
    said, logger = StringIO(), logging.getLogger("apprise")
    handler, before = logging.StreamHandler(said), logger.propagate
    handler.setLevel(logging.WARNING)
    logger.addHandler(handler)
    logger.propagate = False
    try:
        yield said
    finally:
        logger.removeHandler(handler)
        logger.propagate = before
