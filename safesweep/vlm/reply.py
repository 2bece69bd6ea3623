"""An answer as it came: its text, and what the model or its server told about it."""

from collections.abc import Mapping


class Reply(str):
    """An answer's text, which every reader of answers takes as it is, with the record of how it was given.

    ``str`` alone loses the record; pickling and copying keep it.
    """

    raw: str
    """All that was written, thoughts included; what the lake keeps."""
    finish_reason: str | None
    """Why the writing ended, as servers name it: "stop", "length" (cut off), …; ``None`` where nobody said."""
    prompt_tokens: int | None
    """Tokens of the question, its examples and pictures."""
    completion_tokens: int | None
    """Tokens that were written, thoughts included."""
    weights: Mapping[str, float] | None
    """Of a choice: how likely each answer was, in [0, 1], as ``safesweep.vlm.weighing`` has it; ``None`` where the model wrote one."""

    def __new__(
        cls,
        text: str,
        *,
        raw: str | None = None,
        finish_reason: str | None = None,
        prompt_tokens: int | None = None,
        completion_tokens: int | None = None,
        weights: Mapping[str, float] | None = None,
    ) -> "Reply":
        reply = super().__new__(cls, text)
        reply.raw = text if raw is None else raw
        reply.finish_reason = finish_reason
        reply.prompt_tokens, reply.completion_tokens = prompt_tokens, completion_tokens
        reply.weights = weights
        return reply

    @classmethod
    def of(cls, answer: str) -> "Reply":
        """``answer`` itself, or a reply of which only the text is known."""
        return answer if isinstance(answer, Reply) else cls(answer)

    def read_as(self, text: str) -> "Reply":
        """The same record with the text as it is to be read."""
        return Reply(
            text,
            raw=self.raw,
            finish_reason=self.finish_reason,
            prompt_tokens=self.prompt_tokens,
            completion_tokens=self.completion_tokens,
            weights=self.weights,
        )
