"""Calls somebody, when the policy names whom."""

import json
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence

from safesweep.redaction import shown_origin, without_parts_of
from safesweep.regression.nights import Night
from safesweep.regression.policy import PageSettings
from safesweep.regression.services import call_service
from safesweep.terminal import sayable


def page(settings: PageSettings, night: Night, command: Sequence[str] = ()) -> list[str]:
    """Calls everybody whom the policy names, the webhook and the services behind the URLs, and runs ``command``, which no policy names: a
    program and its arguments, which gets the page as JSON on its standard input.

    Returns what went wrong, one line each; a page that fails must not hide the verdict that it carries, nor keep the others from going out.
    """
    message = json.dumps(_message(night), ensure_ascii=False).encode()
    failed = [
        *_command(command, settings.timeout_s, message),
        *_webhook(settings, message),
        *_services(settings, night),
    ]
    return [sayable(line) for line in failed]


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


def _command(command: Sequence[str], timeout_s: float, message: bytes) -> Iterator[str]:
    if command:
        try:
            subprocess.run(command, input=message, timeout=timeout_s, check=True, capture_output=True)
        # the errors themselves quote the arguments, which may hold a key
        except OSError as error:
            yield f"--page_command {command[0]}: {error.strerror or type(error).__name__}"
        except subprocess.TimeoutExpired:
            yield f"--page_command {command[0]}: timed out after {timeout_s:g} s"
        except subprocess.CalledProcessError as error:
            yield f"--page_command {command[0]}: ended with status {error.returncode}"


def _webhook(settings: PageSettings, message: bytes) -> Iterator[str]:
    """apprise's own JSON has only texts in it; a webhook gets the reasons as a list, and null where there is nothing."""
    if settings.webhook:
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(settings.webhook, message, headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=settings.timeout_s):
                pass
        except (OSError, urllib.error.URLError) as error:
            # the address of a webhook is its key
            yield f"page.webhook {shown_origin(settings.webhook)}: {without_parts_of(str(error), settings.webhook)}"


def _services(settings: PageSettings, night: Night) -> Iterator[str]:
    title = f"{night.suite} {night.date}: {night.verdict}"
    body = "\n".join([f"Run {night.run_id}, compared with {night.reference or 'nothing'}.", *night.reasons])
    for url in settings.urls:
        if (why := call_service(url, title, body)) is not None:
            yield f"page.urls {url.partition('://')[0]}://…: {why}"
