"""Whoever draws is asked before a run whether it can be asked for the run's cells."""

import pytest

from pipelines.command_line import read_config
from pipelines.model_checks import checking_model
from pipelines.prompt_sets import read_prompt_sets
from safesweep.errors import InputError
from tests.safesweep.endpoint.images_server import ImagesServer


def enter(*options):
    config = read_config(["--limit=2", *options])
    with checking_model(config, config.expand_cells(), read_prompt_sets(config)):
        return "entered"


def test_a_model_of_ones_own(tmp_path):
    assert enter() == "entered"
    with pytest.raises(InputError, match="nothing-here"):
        enter(f"--diffusion.model={tmp_path}/nothing-here")
    with pytest.raises(InputError, match="solver"):
        enter("--solver=DDPMScheduler")


def test_a_service_and_no_model(tmp_path):
    server = ImagesServer()
    options = (
        "--diffusion.backend=images_api",
        f"--diffusion.images_api.url={server.url}",
        f"--diffusion.model={tmp_path}/nothing-here",
    )
    try:
        assert enter(*options, "--diffusion.images_api.model=m") == "entered"
        with pytest.raises(InputError, match="serves no model 'n'"):
            enter(*options, "--diffusion.images_api.model=n")
    finally:
        server.close()
    assert server.bodies == []
