"""Which of the terms that an answer names it says are there.

The answer comes with each term replaced by one *mark*, a private-use character, so that every rule below is a pattern
over marks and plain English. Rules rewrite the answer step by step: lists under a headline, verdicts ("dagger: no"),
questions, clauses; what is left of the marks is affirmed. Where English is ambiguous the term counts as seen: an
unneeded negative prompt costs a little, a missed hazard is what the system exists to prevent.
"""

import re
from collections.abc import Callable, Iterator

FIRST_MARK, LAST_MARK = "\ue000", "\uf8ff"
M = f"[{FIRST_MARK}-{LAST_MARK}]"

_ARTICLE = r"(?:an?|one|two|three|some|several|many|the|another|this|that|these|those)"
_SUBJECT = rf"(?:{_ARTICLE}|there|i|we|you|it|he|she|they|his|her|its|their)"
_ADVERBS = r"(?:\s+(?:\w+ly|even|really|at all|ever|yet|been|be|to|being|any|in fact))*"
_PRESENT = (
    r"(?:visible|present|seen|shown|depicted|displayed|detected|found|included|evident|apparent|observed|identified"
    r"|spotted|noticeable|noticed|there|discernible|appear\w*|exist\w*|in (?:the|this) \w+|here|featured|contained"
    r"|portrayed|confirmed)"
)
_BE = r"(?:is|are|was|were|am|be|has|have|had|can|could|do|does|did|will|would|should|might|may)"
_NOT = rf"(?:\w+n't|cannot|can not|not|{_BE}nt|cant|dont|wont|never)"
_FINITE = re.compile(
    rf"\b(?:{_BE}(?:n't|nt)?|can't|cannot|won't|(?:there|it|that|he|she)'s|i'm|i'll|i see|sees|shows?|appears?"
    r"|contains?|depicts?|features?|includes?|holds|lies|lay|looks|seems?|exists?|remains?|stands|sits|hangs|burns|rests)\b"
)

_SAYS = re.compile(rf"{_FINITE.pattern}|{M}\s+(?:\w+ly\s+)?(?:not\s+)?{_PRESENT}")
"""A whole statement: a finite verb, or "dagger not visible"."""

_NOT_NEGATING = re.compile(
    r"\b(?:not (?:only|just|merely|simply|solely)"
    r"|(?:no|without(?: any| a)?|beyond(?: any| a)?) (?:doubt|question)"
    r"|no (?:lack|shortage|absence) of|(?:cannot|can't|can not|do not|don't) (?:rule out|exclude|deny|ignore|miss)"
    rf"|(?:barely|hardly|scarcely) (?:\w+ly )?{_PRESENT}"
    r"|not (?:\w+ )?(?:free (?:of|from)|without|devoid of|lacking|absent|missing|invisible)"
    r"|(?:not|n't|isn't) (?:sure|certain|clear) (?:if|whether|what|that)"
    r"|(?:not|\w+n't) (?:\w+ly )?(?:safe|appropriate|suitable|harmless|benign|clean|acceptable"
    r"|allowed|permitted|ok|okay|sfw)"
    r"|no one|nobody)\b"
)
_FORWARD = re.compile(
    r"(?P<short>\b(?:instead of|rather than|in place of)\b)"
    rf"|(?P<no>\b(?:no(?!\s*[,.;!?]|\w)|zero|0(?=\s+{M})|without|lack(?:s|ing|ed)?(?: of)?|absence of|devoid of"
    r"|free (?:of|from)|non)\b)"
    rf"|(?P<not>\b(?:{_NOT}|neither|nor|none|nothing|nowhere|unable to|fail(?:s|ed)? to|hardly|barely)\b"
    r"|\b(?:absent|missing|undetected|false)\b(?=\W*:))"
)
_BACKWARD = re.compile(
    rf"\b(?:(?:{_BE}(?:n't|nt|\s+not)|cannot|can't|won't|not|never){_ADVERBS}\s+{_PRESENT}"
    rf"|(?:{_BE}(?:n't|nt|\s+not)|cannot|can't)(?=\s*(?:either|as well|at all|here)?\s*$)"
    rf"|(?:{_BE}\s+)?(?:(?:clearly|completely|entirely|totally|also|both|all)\s+)?"
    r"(?:nowhere|absent|missing|lacking|invisible|unseen|undetectable|undetected|no longer \w+|not there)"
    rf"|(?:neither|none)(?:\s+of\s+(?:them|these|those|which))?\s+(?:{_BE}|appears?))\b(?!\W*:)"
)
_NO_WORDS = r"(?:no|none|nope|nil|false|absent|missing|negative|not|never|nothing|n/a|without|undetected|0+(?:_0+)?%?)"
_YES_WORDS = r"(?:yes|yep|true|positive|present|visible|detected|found|seen|shown|affirmative|1)"
_CUE = re.compile(rf"\b(?:{_NO_WORDS}|{_NOT}|neither|nor|n't|free of|invisible)(?!\w)")

_QUOTES = r"[\"'*`_\])}\s]*"
_GROUP = rf"{M}(?:(?:\s*(?:,\s*(?:and|or)|,|/|&|\band\b|\bor\b)\s*(?:(?:an?|the)\s+)?[\"'*`]*){M})*"
_VERDICT = re.compile(
    rf"(?P<group>{_GROUP}){_QUOTES}"
    r"(?:[:=|?(→]|\s-+>?\s|[–—]|[\"']\s*,\s*[\"']\w[\w ]*[\"']\s*:)[\s\"'*`\[{|(:]*"
    rf"(?P<value>(?:(?!{M})[^.;,\n)}}|\]])+)"
    rf"(?P<end>$|[.;,\n)}}|\]]|(?={M}{_QUOTES}[:=|?]))"
)
_BARE_VERDICT = re.compile(rf"(?P<group>{M})\s+(?P<value>{_NO_WORDS}|yes|true)\s*(?P<end>$|[,;\n|])")
_QUESTION = re.compile(rf"(?P<asked>[^.!?;\n]*)\?[\s\"'*]*(?P<reply>{_NO_WORDS}|{_YES_WORDS})?(?!\w)")
_BULLET = re.compile(r"\s*(?:[-*•·‣◦–+>]|\(?\d+[.)]|\(?[a-z]\))\s+")

_ASIDE = re.compile(
    r"\b(?:other than|apart from|aside from|besides|except(?:ing)?(?: for)?|with the exception of)\b"
    r"(?P<what>[^,.;\n]*),?"
)
_CLAUSE_END = re.compile(
    r"[.!?;\n]+|,\s*(?=(?:yes|maybe|perhaps|possibly|probably)\b)|\s[-–—]+\s|[–—]"
    r"|\b(?:but|however|although|though|(?<!not )yet|whereas|while|nevertheless|nonetheless"
    r"|because|instead(?! of)|only|just|merely)\b"
    rf"|(?=[\"']?\b(?<!not )(?<!n't ){_YES_WORDS}[\"'*]*\s*:)"
)
_COORDINATOR = re.compile(r"(\s*,\s*(?:and|or|nor)\b|\s*,|\s*\b(?:and|or|nor)\b|\s*[&/+])")
_RELATIVE = re.compile(rf"\b(?:that|which|who)\s+(?:{_BE})\b(?!\s+not|n't)")


def affirmed(answer: str) -> Iterator[str]:
    """The marks of ``answer`` (case-folded text with a mark for every term) that it says are there, in its order."""
    text = _NOT_NEGATING.sub(" ", answer)
    text = re.sub(r"\b(e\.g\.|i\.e\.)", "such as", text)
    text = re.sub(r"(\d)\.(?=\d)", r"\1_", text)  # the point of "0.92" ends no sentence
    text = re.sub(r"[ \t]\(?\d{1,2}[.)](?=\s)", " ; ", text)  # "1) ... 2) ..." on one line
    # a tick or a cross behind a term is its verdict, one before a term speaks of what follows
    for signs, word in (("❌✗✘✖", "no"), ("✅✓✔☑", "yes")):
        text = re.sub(rf"[{signs}]\ufe0f?(?=\s*(?:$|[,;|)\n]))", f": {word}", text)
        text = re.sub(rf"[{signs}]\ufe0f?", f"; {word} ", text)
    text = re.sub(r"\[ ?\](?= *\S)", " not ", text)
    text = re.sub(rf"{M}\s*-\s?free\b|\bnon-?\s*{M}", " ", text)
    text = _under_headlines(text).replace("*", " ")
    for pattern in (_VERDICT, _BARE_VERDICT):
        text = _until_stable(text, pattern, _judge)
    text = _QUESTION.sub(_reply, text)
    # a list in brackets is one member of the sentence around it
    text = re.sub(rf"\(\s*({_GROUP})\s*\)", lambda m: " or ".join(re.findall(M, m[1])), text)
    text = re.sub(r"\(([^()]*)\)", lambda m: f"; {m[1]} ;" if _CUE.search(m[1]) else m[0], text)
    text = _ASIDE.sub(r"; \g<what> ;", text)
    # "not visible - dagger" is a headline, not the end of a clause
    text = re.sub(rf"((?:^|[.;\n])\s*(?:no|{_NOT}(?:\s+{_PRESENT})?|none|absent|missing))\s*[-–—]+\s", r"\1: ", text)
    text = re.sub(r"(?<!\w)(no)([\"'*]*\s*:)", r"not\2", text)
    for clause in _CLAUSE_END.split(text):
        yield from _affirmed_in_clause(_RELATIVE.sub(" ", clause))


def _until_stable(text: str, pattern: re.Pattern[str], rewrite: Callable[[re.Match[str]], str]) -> str:
    """Verdicts follow one another so closely that a match can eat the start of the next: repeats until none is left."""
    for _ in range(len(text)):
        changed = pattern.sub(rewrite, text)
        if changed == text:
            break
        text = changed
    return text


def _judge(match: re.Match[str]) -> str:
    """Verdict behind one or several terms: kept as clauses of their own, dropped, or left to the rules for clauses."""
    value, end = match["value"].strip(), match["end"]
    value = re.sub(r"^\w+[\"']\s*:\s*[\"']?", "", value)  # {"dagger": {"present": false}}
    if re.match(rf"{_YES_WORDS}(?!\w)", value):
        return f"; {match['group']} ; {end}"
    if _CUE.search(value):
        return f" ; {end}"
    return match[0]


def _reply(match: re.Match[str]) -> str:
    """A question says nothing; its terms are there if the reply is yes, if it is a headline ("Skull?") or a guess."""
    marks = "".join(re.findall(M, match["asked"]))
    if not marks:
        return f"{match['asked']} . {match['reply'] or ''} "
    reply = match["reply"] or ""
    bare = re.fullmatch(rf"\W*{M}\W*", match["asked"]) and not re.match(_NO_WORDS, reply)
    guess = re.search(r"\b(?:could be|may be|maybe|might be|perhaps|possibly)\b", match["asked"]) and not reply
    kept = " , ".join(marks) if bare or guess or re.fullmatch(_YES_WORDS, reply) else ""
    return f" . {kept} . "


def _under_headlines(text: str) -> str:
    """Carries the negation of a headline ("Not visible:") to the bullets below it."""
    lines, negated = [], False
    for line in text.split("\n"):
        content = line.strip(" \t*_#>\"'")
        bullet = _BULLET.match(line)
        headline = content.endswith(":") or re.fullmatch(r"\s*(?:#+ .*|\*\*.*\*\*\s*)", line)
        if headline and not re.search(M, content):
            negated = bool(_CUE.search(content))
        elif content and not bullet:
            negated = negated and len(content.split()) <= 3
        body = line[bullet.end() :] if bullet else line
        lines.append(f"not {body}" if negated and re.search(M, body) and not _CUE.search(body) else body)
    return "\n".join(lines)


def _affirmed_in_clause(clause: str) -> list[str]:
    """Marks that one clause affirms; ``scope`` is the kind of negation that its last cue opened."""
    pieces = _COORDINATOR.split(clause)
    settled: list[str] = []
    group: list[str] = []  # what a later "is not visible" takes back
    scope, closed, begun = "", False, ""
    for index in range(0, len(pieces), 2):
        coordinator = pieces[index - 1].strip() if index else ""
        segment, rest = pieces[index], "".join(pieces[index:])
        if index and _starts_afresh(coordinator, segment, rest, scope, closed, begun):
            settled, group = settled + group, []
            scope, closed, begun = "", False, ""
        scope, closed = _scan(segment, scope, closed, group)
        begun += segment
    return settled + group


def _starts_afresh(coordinator: str, segment: str, rest: str, scope: str, closed: bool, begun: str) -> bool:
    """Whether a comma or conjunction begins a new statement and does not go on with a list."""
    if scope == "short":
        return coordinator.startswith(",")
    if coordinator.endswith("or"):  # "or", "nor"
        return False
    if not scope:
        # "a dagger is visible, a flame and a skull are not": the next verb must not take back what stands before
        return bool(_SAYS.search(begun) and _SAYS.search(rest))
    if closed:  # "no dagger is visible": its list is complete
        return True
    words = segment.strip()
    if scope == "no" and re.match(rf"{_ARTICLE}\b", words):  # "no dagger, a flame"
        return True
    if _FINITE.match(words):  # "does not show a dagger and shows a flame"
        return True
    speaks = _FINITE.search(segment) is not None
    return speaks and (coordinator == "," or re.match(rf"{_SUBJECT}\b", words) is not None)


def _scan(segment: str, scope: str, closed: bool, group: list[str]) -> tuple[str, bool]:
    """Reads one segment from left to right, adds to ``group`` what it affirms; returns the open scope and its state."""
    backward = {match.start(): match.end() for match in _BACKWARD.finditer(segment)}
    forward = {match.start(): match for match in _FORWARD.finditer(segment)}
    seen_negated, behind = False, -1
    listing = bool(group) and not _FINITE.search(segment)
    for place, character in enumerate(segment):
        if place in backward and (group or seen_negated):
            if not scope:
                group.clear()
            scope, closed, behind = scope or "not", True, backward[place]
        if place in forward:
            kind = str(forward[place].lastgroup)
            # "dagger, no flame, skull": one "no" for one member of a list
            scope, closed = ("short" if kind == "no" and listing else kind), closed and place < behind
        if FIRST_MARK <= character <= LAST_MARK:
            if not scope:
                group.append(character)
            else:
                seen_negated = True
                if scope == "no" and re.search(r"\ban?\s+(?:\w+\s+)?$", segment[:place]):
                    scope = "not"  # "no sign of a dagger, a flame": articles belong to the list
        elif scope and seen_negated and _FINITE.match(segment, place) and not segment[place - 1 : place].isalpha():
            closed = True
    return scope, closed
