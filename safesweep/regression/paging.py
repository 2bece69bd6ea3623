"""Calls somebody, when the policy names whom."""

import json
import logging
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator

from safesweep.regression.nights import Night
from safesweep.regression.policy import PageSettings


def page(settings: PageSettings, night: Night) -> list[str]:
    """Calls everybody whom the policy names: the command, the webhook, the services behind the URLs.

    Returns what went wrong, one line each; a page that fails must not hide the verdict that it carries, nor keep the others from going out.
    """
    message = json.dumps(_message(night), ensure_ascii=False).encode()
    return [*_command(settings, message), *_webhook(settings, message), *_services(settings, night)]


def _message(night: Night) -> dict[str, object]:
    return {
        "suite": night.suite,
        "run_id": night.run_id,
        "date": str(night.date),
        "verdict": str(night.verdict),
        "reasons": list(night.reasons),
        "reference": night.reference,
        "drift": night.drift.kind if night.drift else None,
    }


def _command(settings: PageSettings, message: bytes) -> Iterator[str]:
    if settings.command:
        try:
            subprocess.run(settings.command, input=message, timeout=settings.timeout_s, check=True, capture_output=True)
        except (OSError, subprocess.SubprocessError) as error:
            yield f"page.command {settings.command[0]}: {error}"


def _webhook(settings: PageSettings, message: bytes) -> Iterator[str]:
    """apprise's own JSON has only texts in it; a webhook gets the reasons as a list, and null where there is nothing."""
    if settings.webhook:
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(settings.webhook, message, headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=settings.timeout_s):
                pass
        except (OSError, urllib.error.URLError) as error:
            yield f"page.webhook {settings.webhook}: {error}"


def _services(settings: PageSettings, night: Night) -> Iterator[str]:
    if not settings.urls:
        return
    import apprise

    title = f"{night.suite} {night.date}: {night.verdict}"
    body = "\n".join([f"Run {night.run_id}, compared with {night.reference or 'nothing'}.", *night.reasons])
    for url in settings.urls:
        service = apprise.Apprise.instantiate(url, suppress_exceptions=False)
        assert service is not None  # the policy refuses addresses that apprise does not know
        with apprise.LogCapture(level=logging.WARNING) as told:  # type: ignore[no-untyped-call]
            try:
                sent = bool(service.notify(body=body, title=title, notify_type=apprise.NotifyType.FAILURE))
                why = " ".join(told.getvalue().split())
            except Exception as error:  # a service's own code may raise anything; the verdict stands
                sent, why = False, f"{type(error).__name__}: {error}"
        if not sent:
            # Addresses hold tokens; records and logs get them without.
            yield f"page.urls {service.url(privacy=True)}: {why or 'was not sent'}"  # type: ignore[no-untyped-call]
