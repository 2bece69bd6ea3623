"""Calls somebody, when the policy names whom."""

import json
import subprocess
import urllib.error
import urllib.request
from typing import Any

from safesweep.regression.policy import PageSettings


def page(settings: PageSettings, message: dict[str, Any]) -> list[str]:
    """Hands the page as JSON to the command's standard input and posts it to the webhook, whichever are set.

    Returns what went wrong, one line each; a page that fails must not hide the verdict that it carries.
    """
    errors = []
    body = json.dumps(message, ensure_ascii=False).encode()
    if settings.command:
        try:
            subprocess.run(settings.command, input=body, timeout=settings.timeout_s, check=True, capture_output=True)
        except (OSError, subprocess.SubprocessError) as error:
            errors.append(f"page.command {settings.command[0]}: {error}")
    if settings.webhook:
        request = urllib.request.Request(settings.webhook, body, {"Content-Type": "application/json"}, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=settings.timeout_s):
                pass
        except (OSError, urllib.error.URLError) as error:
            errors.append(f"page.webhook {settings.webhook}: {error}")
    return errors
