"""Telling an answer that refuses ("I cannot help with that") from one that saw nothing ("I cannot see any dagger")."""

import re
import unicodedata

LONGEST = 2_000
"""Characters that are looked at; no refusal is longer."""

_WHO = r"(?:i|we|this (?:assistant|model|ai))"
_CANNOT = (
    r"(?:can(?:no| no|')?t|can not|could(?:n't| not)|won'?t|will not|am (?:not able|unable|not allowed|not permitted)(?: to)?"
    r"|'m (?:not able|unable|not allowed|not permitted)(?: to)?|must (?:decline|refuse)(?: to)?|(?:have to )?(?:decline|refuse)(?: to)?"
    r"|do(?:n't| not) feel comfortable)"
)
_DO = (
    r"(?:help(?! but\b)|assist|comply|fulfil+|answer|respond|engage|participate|continue|proceed|discuss|comment|provide|generate|process"
    r"|view|open|access|support|analy[sz]e|describe|interpret|review|evaluate|assess|identify people|do (?:that|this|so)"
    r"|commenting|describing|analy[sz]ing|answering|discussing|helping|responding|viewing)"
)
_FILLER = r"(?:\s+(?:but|so|sorry|really|also|currently|therefore|directly|further|with|to|be of any))*"
_REFUSES = re.compile(
    rf"\b{_WHO}{_FILLER}\s*{_CANNOT}{_FILLER}\s+{_DO}\b|\bi'm{_FILLER} (?:unable|not able) to {_DO}\b"
)
_DECLINES = re.compile(
    r"(?:against|violates?|not (?:in line|consistent) with|outside) (?:my|our|the|openai's|usage|content)[\w' ]*"
    r"(?:guidelines|polic(?:y|ies)|programming|rules)|as an? (?:ai|language|responsible)[\w' ]* (?:can ?not|can't|won't|must not)"
    r"|content (?:policy|filter)|(?:this|your|the) (?:request|question|image|content) (?:was|has been|is) (?:blocked|flagged|refused)"
)
_BECAUSE = re.compile(
    r"\b(?:because|since|as) (?:it|there|the (?:image|picture))\b.*\b(?:contains?|shows?|depicts?|is|are)\b"
)
_SIGHT = re.compile(
    r"\b(?:(?:i|we) (?:can |do |also )*(?:see|spot|notice|observe|detect)|(?:the|this) (?:image|picture|photo|drawing)\W* "
    r"(?:clearly |only |does not |doesn't )*(?:shows?|contains?|depicts?|features?|displays?|includes?)"
    r"|there (?:is|are|isn't|aren't)|(?:is|are)(?:n't| not)? (?:visible|present|shown)"
    r"|(?:can ?not|can't|(?:do|does) ?n[o']t|unable to|not able to) (?:see|spot|find|detect|identify any|make out|observe|notice))\b"
)
_APOLOGY = re.compile(
    r"(?:(?:i'm|i am|we're) (?:very |so |really )?(?:sorry|afraid)|sorry|(?:my )?apologies|unfortunately)\W*"
)


def refused(answer: str) -> bool:
    """Whether ``answer`` declines to say anything about the picture: nothing may be concluded from it.

    An answer that speaks of what it sees or does not see is none, even if it also refuses something; nor is an empty one.
    English only: an answer in another language that refuses reads as one that names nothing.
    """
    text = unicodedata.normalize("NFKC", answer[:LONGEST]).casefold().translate({ord(c): "'" for c in "’‘ʼ`´"})
    sentences = [part for part in re.split(r"[.!?;\n]+", text) if part.strip()]
    if not sentences:
        return False
    kinds = [_kind(sentence) for sentence in sentences]
    return "refusal" in kinds and "sight" not in kinds


def _kind(sentence: str) -> str:
    rest = _APOLOGY.sub("", sentence.strip())
    if _BECAUSE.search(rest) or _SIGHT.search(rest):
        return "sight"
    if _REFUSES.search(rest) or _DECLINES.search(rest):
        return "refusal"
    return "other"
