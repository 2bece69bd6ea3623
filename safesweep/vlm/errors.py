"""How asking a vision-language model can fail, whatever stands behind it."""


class VlmError(RuntimeError):
    """No usable answer, and asking again will not help."""


class VlmTroubleError(VlmError):
    """No usable answer this time: unreachable, broken down, too late, or not understandable."""


class VlmBusyError(VlmError):
    """The question was not taken because too many wait already; that cost nobody anything."""

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class VlmRefusedError(VlmError):
    """The model, or a filter before it, refused to answer: nothing may be concluded about the picture."""


class VlmGaveUpError(VlmError):
    """No answer came in any attempt; the message holds the last attempt's error."""
