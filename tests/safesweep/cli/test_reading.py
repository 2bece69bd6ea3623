"""Settings from preset, environment and command line, and what a mistake is answered with."""

import pytest

from safesweep.cli.reading import find_source, read_settings
from safesweep.errors import InputError
from tests.safesweep.cli.made import AnyRun, Look, Run, values, write_preset


@pytest.fixture
def preset(tmp_path):
    return write_preset(tmp_path)


def test_the_later_wins_preset_hardware_environment_command_line(preset, monkeypatch):
    def engine(*words):
        return read_settings(["--preset", preset, *words], Run, "none").engine

    assert (engine().model, engine().rows, engine("--hardware=big").rows) == ("small", 2, 64)
    monkeypatch.setenv("SAFESWEEP_ENGINE__ROWS", "3")
    assert (engine().rows, engine("--engine.rows", "7").rows) == (3, 7)
    assert engine("--engine", '{"rows": 9}').model_dump() == {"rows": 9, "kind": "fast", "model": "small", "labels": {}}
    assert engine("--hardware", "big").labels == {"zone": "a"}


def test_settings_know_what_they_were_read_from(preset):
    settings = read_settings([f"--preset={preset}", "--limit=3", "--engine.kind", "exact"], Run, "none")
    assert settings.given == {"limit", "engine.kind"}
    assert settings.preset_name == preset and settings.preset["limit"] == 5
    assert (settings.limit, settings.scales) == (3, (1.0, 2.5))


def test_without_a_preset_the_environment_is_not_read(monkeypatch):
    monkeypatch.setenv("SAFESWEEP_MOST", "1")
    monkeypatch.setenv("MOST", "1")
    assert values(read_settings(["x.csv"], Look)) | {"file": ""} == {
        "file": "",
        "on_empty": "refuse",
        "texts": True,
        "json_file": None,
        "most": 3,
    }


def test_options_of_every_kind_of_a_section_are_known(preset):
    settings = read_settings(["--preset", preset, "--engine.steam", "2", "--engine.kind=slow"], AnyRun, "none")
    assert (settings.engine.steam, settings.engine.model) == (2.0, "small")


def test_hyphens_and_underscores_are_one(tmp_path):
    for words in (["--on-empty", "skip"], ["--on_empty=skip"]):
        assert read_settings(["x.csv", *words], Look).on_empty == "skip"
    found = read_settings(["--no-texts", "x.csv", "--json", "a-b.json"], Look)
    assert (found.texts, str(found.json_file), found.given) == (False, "a-b.json", {"texts", "json"})


@pytest.mark.parametrize(
    ("words", "help"), [([], None), (["-h"], ""), (["--help", "all"], "all"), (["--limit", "3", "--help"], "")]
)
def test_help_is_taken_off_the_line(words, help):
    source = find_source(words)
    assert source.help == help and source.rest == (["--limit", "3"] if "--limit" in words else [])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--limt", "3"], "--limt: unknown option; did you mean 'limit'?"),
        (["--no-limit"], "--no-limit: unknown option; did you mean 'limit'?"),
        (["--engine.row=3"], "--engine.row: unknown option; did you mean 'engine.rows'?"),
        (["--limit", "0"], "made.yaml and options: limit: Input should be greater than 0, found '0'"),
        (
            ["--engine.kind", "slow"],
            "made.yaml and options: engine.kind: Input should be 'fast' or 'exact', found 'slow'",
        ),
        (["--preset"], "--preset: needs a value"),
        (["--hardware"], "--hardware: needs a value"),
        (["stray"], "options: "),
    ],
)
def test_a_mistake_is_named_with_what_is_allowed(preset, words, message):
    with pytest.raises(InputError) as error:
        read_settings(["--preset", preset, *words], Run, "none")
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    ("words", "message"),
    [([], "FILE"), (["x", "--most", "-1"], "options: most: Input should be greater than or equal to 0, found '-1'")],
)
def test_mistakes_without_a_preset(words, message):
    with pytest.raises(InputError, match=message):
        read_settings(words, Look)


def test_an_unknown_key_of_a_preset_is_refused_with_the_nearest(tmp_path):
    path = write_preset(tmp_path, "name: x\nengine: {model: m, row: 3}\n")
    with pytest.raises(InputError, match=r"made.yaml and options: engine.row: unknown key; did you mean 'engine.rows'"):
        read_settings(["--preset", path], Run, "none")


def test_a_variable_that_no_option_knows_is_refused_but_not_one_of_another_command(preset, monkeypatch):
    monkeypatch.setenv("SAFESWEEP_LIMT", "3")
    with pytest.raises(InputError, match="SAFESWEEP_LIMT: no option knows .* did you mean 'SAFESWEEP_LIMIT'"):
        read_settings(["--preset", preset], Run, "none")
    monkeypatch.delenv("SAFESWEEP_LIMT")
    monkeypatch.setenv("SAFESWEEP_MOST", "3")
    assert read_settings(["--preset", preset], Run, "none", others=[Look]).limit == 5
