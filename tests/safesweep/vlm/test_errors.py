"""safesweep/vlm/errors.py: what the client's rules and a trial's error rest on."""

import pytest

from safesweep.vlm import errors
from safesweep.vlm.errors import VlmBusyError, VlmError, VlmTroubleError


@pytest.mark.parametrize("name", ["VlmTroubleError", "VlmBusyError", "VlmRefusedError", "VlmGaveUpError"])
def test_every_failure_is_a_vlm_error(name: str) -> None:
    assert issubclass(getattr(errors, name), VlmError)


def test_only_trouble_uses_up_an_attempt() -> None:
    """No other one may pass for trouble: it would be asked again."""
    for other in (VlmBusyError, errors.VlmRefusedError, errors.VlmGaveUpError):
        assert not issubclass(other, VlmTroubleError)


def test_busy_says_when_to_come_back() -> None:
    assert VlmBusyError("full").retry_after_s is None
    assert (VlmBusyError("full", 2.5).retry_after_s, str(VlmBusyError("full", 2.5))) == (2.5, "full")
