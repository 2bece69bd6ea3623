"""Arguments of vLLM's own server."""

from dataclasses import dataclass


@dataclass
class FrontendArgs:
    chat_template: str = ""
