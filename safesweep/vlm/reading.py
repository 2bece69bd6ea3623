"""What of an answer is the answer: thoughts are dropped, and what was cut off or empty is an error by name, never "nothing seen"."""

import re

from safesweep.vlm.errors import VlmCutOffError, VlmEmptyError
from safesweep.vlm.reply import Reply

SHOWN = 200
"""Characters of an answer that an error shows."""
CUT_OFF = frozenset({"length", "max_tokens", "model_length"})
"""Finish reasons, case-folded, of an answer that its limit of tokens ended."""
THOUGHTS = (
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<reasoning>", "</reasoning>"),
    ("<seed:think>", "</seed:think>"),
    ("◁think▷", "◁/think▷"),
    ("[THINK]", "[/THINK]"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
    ("<|channel|>analysis<|message|>", "<|channel|>final<|message|>"),
)
"""How models mark what they think before they answer: where a thought begins and where it ends."""

_MARK = re.compile(
    f"(?P<opens>{'|'.join(re.escape(opening) for opening, _ in THOUGHTS)})"
    f"|(?P<closes>{'|'.join(re.escape(closing) for _, closing in THOUGHTS)})",
    re.IGNORECASE,
)
_FINAL = re.compile(
    r"(?:<(?P<tag>answer|conclusion)>|<\|begin_of_box\|>|<\|begin_of_solution\|>)"
    r"(?P<text>.*?)(?:</(?:answer|conclusion)>|<\|end_of_box\|>|<\|end_of_solution\|>|$)",
    re.IGNORECASE | re.DOTALL,
)
"""An answer that is marked as such; the last one counts."""


def final_answer(text: str) -> str:
    """``text`` without thoughts, outer blanks removed; of an answer marked as such (``<answer>…</answer>``) its inside alone.

    A thought whose opening stands in the prompt, as some chat templates write it, ends where it is closed.
    Raises ``VlmCutOffError`` for a thought that is never closed.
    """
    kept: list[str] = []
    thinking, start = False, 0
    for mark in _MARK.finditer(text):
        if mark["opens"]:
            if not thinking:
                kept.append(text[start : mark.start()])
            thinking = True
            continue
        if not thinking:
            kept = []
        thinking, start = False, mark.end()
    if thinking:
        raise VlmCutOffError(
            f"the thought before the answer was not finished: {_end(text)!r}; allow more max_new_tokens"
        )
    answer = "".join([*kept, text[start:]])
    marked = [found["text"] for found in _FINAL.finditer(answer)]
    return (marked[-1] if marked else answer).strip()


def read_reply(answer: str) -> Reply:
    """The answer as it is to be read, with its record.

    Raises ``VlmCutOffError`` for one that its limit of tokens ended, in a thought or after it, and ``VlmEmptyError`` for one that says
    nothing at all.
    """
    reply = Reply.of(answer)
    if (reply.finish_reason or "").casefold() in CUT_OFF:
        after = f" after {reply.completion_tokens} tokens" if reply.completion_tokens is not None else ""
        raise VlmCutOffError(
            f"the answer was cut off{after} (finish reason {reply.finish_reason}): {_end(reply.raw)!r}; allow more max_new_tokens"
        )
    text = final_answer(reply)
    if not text:
        why = f" (finish reason {reply.finish_reason})" if reply.finish_reason else ""
        thought = f" after its thought {_end(reply.raw)!r}" if reply.raw.strip() else ""
        raise VlmEmptyError(f"the answer is empty{thought}{why}")
    return reply.read_as(text)


def _end(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SHOWN else "…" + line[-SHOWN:]
