"""Words that a lake of somebody else's may hold, and what must not come of them in a pull request."""

import re
from html import unescape

from markdown_it import MarkdownIt

HOSTILE = (
    "@all ![x](http://y/z.png) [x](http://y)\n\n# x\n- https://y.org | <img src=x onerror=y> #12 `c` \x1b[31m me@y.org"
)
PARSER = MarkdownIt("commonmark", {"html": True, "linkify": True}).enable(["table", "linkify"])
OWN = "h2 h3 p ul li blockquote strong table thead tbody tr th td details summary code"
"""Tags of the summaries' own markup."""


def harmless(written: str) -> bool:
    """Whether no link, image, HTML, mention, issue or escape sequence is in what is rendered of a text that holds ``HOSTILE``."""
    html = PARSER.render(written)
    outside = unescape(re.sub(r"<code>.*?</code>|<[^>]+>", "", html, flags=re.DOTALL))
    tags = set(re.findall(r"</?([a-zA-Z][\w-]*)", html)) <= set(OWN.split())
    return tags and not re.search(r"(?<![\w/])@\w|#\d", outside) and "\x1b" not in written and "all" in outside
