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


class VlmEmptyError(VlmError):
    """The model answered with no word: that says nothing about the picture."""


class VlmCutOffError(VlmError):
    """The limit of tokens ended the answer, or the thought before it: what it would have named is not known."""


class VlmMalformedError(VlmError):
    """The answer has not the form that was asked for."""


class VlmQuotaError(VlmError):
    """The account behind an endpoint has nothing left: waiting will not help."""
