"""Keys, and what runs programs: a preset is data, and who may have a key or be started its user says."""

import os
import re
import sys

import pytest
import yaml
from pydantic import BaseModel

from pipelines.command_line import ALL_CONFIGS, read_config
from pipelines.config import RunConfig
from pipelines.nightly_options import NightlyConfig
from safesweep.cli.presets import PRESETS
from safesweep.errors import InputError
from safesweep.scorers import SCORERS
from safesweep.vlm.backends import BACKENDS
from tests.local_server import Handler, LocalServer

FOREIGN = {"backend": "openai", "url": "https://evil.example/v1", "model": "m", "api_key_env": "OPENAI_API_KEY"}
HOSTS = ["--api_key_hosts", '["evil.example"]']


@pytest.fixture
def preset(tmp_path, monkeypatch):
    """Writes the miniature's preset with other options, and returns the arguments that name it."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")

    def write(base="miniature", **changes):
        options = yaml.safe_load((PRESETS / f"{base}.yaml").read_text())
        for key, value in changes.items():
            stage, _, inner = key.partition("__")
            if inner:
                options[stage][inner] = value
            else:
                options[key] = value
        path = tmp_path / "preset.yaml"
        path.write_text(yaml.safe_dump(options))
        return ["--preset", str(path)]

    return write


def test_a_preset_sends_no_key_to_a_host_of_its_own(preset):
    words = preset(vlm=FOREIGN)
    with pytest.raises(InputError, match="vlm.url: the key in OPENAI_API_KEY would be sent to evil.example"):
        read_config(words)
    assert read_config([*words, *HOSTS]).vlm.key_goes_to == (FOREIGN["url"], "OPENAI_API_KEY")
    assert read_config([*words, "--vlm.url", "https://mine.example/v1"]).vlm.url == "https://mine.example/v1"


def test_a_judge_of_a_preset_gets_no_key_either(preset):
    words = preset(
        safety__scorers=[
            {"kind": "classifier", "model": "miniature/weights/classifier"},
            {"kind": "judge", "vlm": FOREIGN},
        ]
    )
    with pytest.raises(
        InputError, match="safety.scorers.1.vlm.url: the key in OPENAI_API_KEY would be sent to evil.example"
    ):
        read_config(words)
    # an address for the VLM is none for the judge
    with pytest.raises(InputError, match=r"safety.scorers.1.vlm.url: the key"):
        read_config([*words, "--vlm.url", "https://evil.example/v1", "--vlm.backend", "openai"])
    assert read_config([*words, *HOSTS]).safety.scorers[1].vlms()[0].key_goes_to


def test_a_service_under_test_of_a_preset_gets_no_key_either(preset):
    service = {"url": "https://evil.example/v1", "model": "m", "api_key_env": "OPENAI_API_KEY"}
    words = preset(diffusion__backend="images_api", diffusion__images_api=service)
    with pytest.raises(
        InputError, match="diffusion.images_api.url: the key in OPENAI_API_KEY would be sent to evil.example"
    ):
        read_config(words)
    assert read_config([*words, *HOSTS]).diffusion.service.url == service["url"]
    mine = read_config([*words, "--diffusion.images_api.url", "https://mine.example/v1"])
    assert mine.diffusion.service.url == "https://mine.example/v1"


def test_a_service_needs_no_model_and_a_model_no_service(preset):
    options = {"backend": "images_api", "images_api": {"url": "http://h/v1", "model": "m"}}
    assert read_config(preset(diffusion=options)).diffusion.service.model == "m"
    for broken in ({"backend": "images_api"}, {**options, "backend": "local", "model": "x"}):
        with pytest.raises(
            InputError, match="backend: images_api needs the options images_api.url and images_api.model"
        ):
            read_config(preset(diffusion=broken))


def test_the_environment_is_the_users_own(preset, monkeypatch):
    words = preset(vlm=FOREIGN)
    monkeypatch.setenv("SAFESWEEP_API_KEY_HOSTS", '["evil.example"]')
    assert read_config(words).api_key_hosts == ("evil.example",)
    monkeypatch.delenv("SAFESWEEP_API_KEY_HOSTS")
    monkeypatch.setenv("safesweep_vlm__url", "https://mine.example/v1")
    assert read_config(words).vlm.url == "https://mine.example/v1"


@pytest.mark.parametrize(
    "changes", [{"api_key_hosts": ["evil.example"]}, {"hardware": {"x": {"api_key_hosts": ["evil.example"]}}}]
)
def test_no_preset_says_who_may_have_a_key(preset, changes):
    with pytest.raises(InputError, match="preset.yaml: api_key_hosts: no preset may set it; allowed: --api_key_hosts"):
        read_config(preset(vlm=FOREIGN, **changes))


def test_without_a_key_any_address_does(preset):
    assert read_config(preset(vlm={**FOREIGN, "api_key_env": None})).vlm.url == FOREIGN["url"]


def test_this_machine_may_have_it(preset):
    assert read_config(preset(vlm={**FOREIGN, "url": "http://127.0.0.1:8000/v1"})).vlm.key_goes_to


def test_a_key_does_not_follow_where_an_endpoint_points(preset):
    """Nor does a picture: what is moved is an error."""
    from safesweep.vlm.backends.openai import check_endpoint

    asked = []

    class Thief(Handler):
        def do_GET(self):  # noqa: N802
            asked.append(dict(self.headers))
            self.send(200, b'{"data": [{"id": "m"}]}')

    thief = LocalServer(Thief)

    class Pointer(Handler):
        def do_GET(self):  # noqa: N802
            self.send_response(307)
            self.send_header("Location", f"http://{thief.address}/v1/models")
            self.send_header("Content-Length", "0")
            self.end_headers()

    pointer = LocalServer(Pointer)
    preset()
    try:
        with pytest.raises(InputError, match="status 307"):
            check_endpoint(f"http://{pointer.address}/v1", "m", "OPENAI_API_KEY")
    finally:
        pointer.close()
        thief.close()
    assert asked == []


def nightly(words):
    return read_config(words, NightlyConfig, "nightly")


def test_a_program_stands_on_the_command_line_alone(preset, monkeypatch):
    assert nightly(["--page_command", '["pager", "--now"]']).page_command == ("pager", "--now")
    with pytest.raises(
        InputError, match="preset.yaml: page_command: no preset may set it; allowed: --page_command on the command line"
    ):
        nightly(preset("nightly", page_command=["/bin/sh", "-c", "touch owned"]))
    monkeypatch.setenv("SAFESWEEP_PAGE_COMMAND", '["/bin/sh"]')
    for read in (nightly, read_config):
        with pytest.raises(InputError, match="SAFESWEEP_PAGE_COMMAND: --page_command stands on the command line alone"):
            read([])
    assert os.environ["SAFESWEEP_PAGE_COMMAND"]


def test_what_is_secret_in_an_address_is_in_no_manifest(tmp_path, preset):
    """Of a run's configuration: prompts behind signed URLs, a VLM with its password in the address, a judge's."""
    from safesweep.lake.manifest import read_manifest, write_manifest

    vlm = {**FOREIGN, "url": "https://me:pa55word@vlm.example/v1?sig=s1gnature", "api_key_env": None}
    config = read_config(
        preset(
            prompts=["https://store.example/p.csv?sig=s1gnature", "s3://KEY:pa55/word@bucket/p.csv"],
            vlm=vlm,
            safety__scorers=[{"kind": "classifier", "model": "m/m"}, {"kind": "judge", "vlm": vlm}],
        )
    )
    write_manifest(tmp_path, "r", {"config": config.model_dump(mode="json"), "prompt_notes": [f"see {vlm['url']}"]})
    written = (tmp_path / "runs" / "r.json").read_text()
    assert "pa55" not in written and "s1gnature" not in written and "word@" not in written
    assert read_manifest(tmp_path, "r")["config"]["vlm"]["url"] == "https://…@vlm.example/v1?…"
    assert "pa55word" not in config.vlm.described() and "vlm.example" in config.vlm.described()


FREE = {
    "cells": "each option is checked against its method's",
    "grid": "likewise",
    "processor_options": "from a list of harmless ones",
    "extra_body": "JSON that is sent to the endpoint",
    "engine_kwargs": "from a list of harmless ones",
}
"""Options that are mappings of anything, and why a preset may set them."""


def free_mappings(model, seen):
    """Names of fields anywhere below a settings class that take mappings of any value."""
    if model in seen:
        return
    seen.add(model)
    for name, field in model.model_fields.items():
        shown = str(field.annotation)
        if re.search(r"dict\[str, (typing\.)?Any\]", shown):
            yield name
        for kind in re.findall(r"[\w.]+", shown):
            module, _, word = kind.rpartition(".")
            found = getattr(sys.modules.get(module), word, None)
            if isinstance(found, type) and issubclass(found, BaseModel):
                yield from free_mappings(found, seen)


def test_every_mapping_that_a_preset_may_fill_is_looked_through():
    """A new one has a reason, for what is passed on to a library may do anything there."""
    tops = [
        RunConfig.with_all_options(),
        *ALL_CONFIGS,
        *(BACKENDS[name] for name in BACKENDS),
        *(SCORERS[name] for name in SCORERS),
    ]
    seen = set()
    found = {name for top in tops for name in free_mappings(top, seen)}
    assert {kind.__name__ for kind in seen} >= {"DiffusionSettings", "StageSettings", "PromptFileSettings", "Recipe"}
    assert found == set(FREE)
