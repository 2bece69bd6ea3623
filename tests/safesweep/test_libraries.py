"""Which processes pay for diffusers, and that the libraries hold their tongues."""

import logging
import subprocess
import sys
import warnings

import pytest
from diffusers.utils import logging as diffusers_logging
from transformers.utils import logging as transformers_logging

from safesweep.files import ROOT
from safesweep.libraries import LONGEST, hear_libraries, quiet_libraries
from tests.marks import SLOW


@SLOW
def test_only_what_denoises_imports_diffusers():
    modules = (
        "actors.scoring, safesweep.guidance.discovery, safesweep.vlm.local, pipelines.discovery, pipelines.evaluation"
    )
    command = [sys.executable, "-c", f"import sys, {modules}; print('diffusers' in sys.modules)"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"]


@pytest.fixture
def heard():
    told: list[str] = []
    end = hear_libraries(told.append)
    yield told
    end()


def test_warnings_that_may_concern_numbers_are_heard_once_a_place(heard, capsys):
    for number in range(3):
        warnings.warn(f"{number} values are not finite", RuntimeWarning, stacklevel=1)
        transformers_logging.get_logger("transformers.modeling_utils").warning("weights of %s were not loaded", number)
        diffusers_logging.get_logger("diffusers.models").error("cut\x1b[31m at\n77 tokens")
        logging.getLogger("safesweep.vlm").warning("its logits differ")
        logging.warning("QuickGELU mismatch")
    assert heard == [
        "RuntimeWarning: 0 values are not finite",
        "transformers: weights of 0 were not loaded",
        "diffusers: cut at 77 tokens",
        "safesweep: its logits differ",
        "root: QuickGELU mismatch",
    ]
    assert "not loaded" not in capsys.readouterr().err, "said by the run's log alone"


def test_what_concerns_no_number_is_not_heard(heard):
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old", FutureWarning, stacklevel=1)
        warnings.warn("older", DeprecationWarning, stacklevel=1)
    transformers_logging.get_logger("transformers.x").info("loading")
    transformers_logging.get_logger("transformers.x").warning("`torch_dtype` is deprecated! Use `dtype` instead!")
    logging.getLogger("urllib3.pool").warning("retrying")
    assert heard == []


def test_who_cannot_be_told_fails_nothing(capsys):
    end = hear_libraries(lambda text: 1 / 0)
    logging.getLogger("torch").warning("not finite")
    warnings.warn("not finite", RuntimeWarning, stacklevel=1)
    end()
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_long_warnings_are_cut_and_nothing_is_heard_after_the_end():
    told: list[str] = []
    end = hear_libraries(told.append)
    logging.warning("x" * 10_000)
    end()
    logging.getLogger("torch").warning("later")
    warnings.warn("later", UserWarning, stacklevel=1)
    assert len(told) == 1 and len(told[0]) == LONGEST + 1
    assert transformers_logging.get_verbosity() == transformers_logging.ERROR


def test_both_are_quiet_but_for_errors():
    quiet_libraries()
    assert diffusers_logging.get_verbosity() == diffusers_logging.ERROR
    assert transformers_logging.get_verbosity() == transformers_logging.ERROR
