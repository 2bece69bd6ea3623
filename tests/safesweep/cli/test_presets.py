"""Presets: names, files, hardware, and what a mistake is answered with."""

import pytest

from safesweep.cli.presets import PRESETS, preset_names, read_preset
from safesweep.errors import InputError
from tests.safesweep.cli.made import write_preset


def test_names_are_those_of_the_files_beside_the_jobs():
    assert {"miniature", "nightly", "sd14"} <= set(preset_names())
    assert read_preset("sd14").path == PRESETS / "sd14.yaml"


@pytest.mark.parametrize(("hardware", "rows"), [(None, 2), ("laptop", 2), ("big", 64)])
def test_hardware_wins_over_the_presets_own_and_the_first_is_the_default(tmp_path, hardware, rows):
    preset = read_preset(write_preset(tmp_path), hardware)
    assert preset.kinds == ("laptop", "big")
    assert preset.value("engine.rows") == rows
    assert (preset.value("engine.model"), preset.value("name"), preset.value("engine.kind", "?")) == (
        "small",
        "first",
        "?",
    )
    assert "hardware" not in preset.options


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [", "made.yaml: is not YAML"),
        ("- a\n", "made.yaml: must hold a mapping of options, found list"),
        ("hardware: [big]", "made.yaml: hardware: must hold a mapping of options, found list"),
        ("hardware: {big: 3}", "made.yaml: hardware.big: must hold a mapping of options, found int"),
    ],
)
def test_a_file_that_is_no_preset_is_refused(tmp_path, text, words):
    with pytest.raises(InputError) as error:
        read_preset(write_preset(tmp_path, text))
    assert words in str(error.value)


def test_an_unknown_name_or_hardware_is_refused_with_the_nearest(tmp_path):
    with pytest.raises(InputError, match=r"no preset or file 'minature'; presets: .*did you mean 'miniature'"):
        read_preset("minature")
    with pytest.raises(InputError, match=r"made.yaml has no 'bigg'; allowed: laptop, big; did you mean 'big'"):
        read_preset(write_preset(tmp_path), "bigg")
