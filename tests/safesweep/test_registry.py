"""Names that stand for classes: imported when wanted, extended by plugins, refused with the nearest name."""

import subprocess
import sys
from fractions import Fraction
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path

import pytest

import safesweep.registry
from safesweep.errors import InputError
from safesweep.files import ROOT
from safesweep.registry import Registry

KINDS: Registry[type] = Registry("kind", {"fraction": "fractions:Fraction", "text": str})
"""What the plugins of these tests add to."""

PLUGIN = """
from tests.safesweep.test_registry import KINDS

KINDS.add({name!r}, "decimal:Decimal")
assert {name!r} in KINDS  # a plugin may ask a registry while it is imported
"""


@pytest.fixture
def kinds() -> Registry[type]:
    return Registry("kind", {"fraction": "fractions:Fraction", "text": str})


def plugin(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    (folder / f"{name}.py").write_text(PLUGIN.format(name=name))
    monkeypatch.syspath_prepend(str(folder))


def test_an_entry_is_the_object_or_says_where_it_is(kinds):
    assert kinds["fraction"] is Fraction and kinds.get("fraction") is Fraction
    assert kinds["text"] is str
    assert kinds.names() == tuple(kinds) == ("fraction", "text")
    assert "text" in kinds and "texts" not in kinds and len(kinds) == 2


def test_a_module_is_imported_when_its_entry_is_wanted():
    wanted = "import sys; from safesweep.registry import Registry; kinds = Registry('kind', {'a': 'wave:open'})"
    report = "; kinds.names(); print('wave' in sys.modules); kinds['a']; print('wave' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", wanted + report], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


def test_an_unknown_name_is_refused_with_the_nearest(kinds):
    with pytest.raises(
        InputError, match=r"kind: 'fractoin' is unknown; allowed: fraction, text; did you mean 'fraction'\?"
    ):
        kinds["fractoin"]


def test_a_name_stands_for_one_thing(kinds):
    kinds.add("more", "decimal:Decimal")
    assert kinds["more"].__name__ == "Decimal"
    kinds.add("more", "decimal:Decimal")
    with pytest.raises(ValueError, match="kind 'more' is registered already, as 'decimal:Decimal'"):
        kinds.add("more", int)


def test_a_module_named_in_the_environment_is_a_plugin(tmp_path, monkeypatch):
    plugin(tmp_path, monkeypatch, "first_plugin")
    plugin(tmp_path, monkeypatch, "second_plugin")
    monkeypatch.setenv(safesweep.registry.PLUGINS, "first_plugin, second_plugin")
    assert KINDS.names() == ("fraction", "text", "first_plugin", "second_plugin")
    assert KINDS["second_plugin"].__name__ == "Decimal"


def test_an_installed_entry_point_is_a_plugin(tmp_path, monkeypatch):
    plugin(tmp_path, monkeypatch, "installed_plugin")
    points = EntryPoints([EntryPoint("installed", "installed_plugin", safesweep.registry.GROUP)])
    monkeypatch.setattr(safesweep.registry, "_entry_points", lambda: points)
    assert "installed_plugin" in KINDS


def test_a_plugin_that_is_not_there_is_refused_each_time(kinds, monkeypatch):
    monkeypatch.setenv(safesweep.registry.PLUGINS, "no_such_plugin")
    for _ in range(2):
        with pytest.raises(InputError, match="SAFESWEEP_PLUGINS: 'no_such_plugin' cannot be imported: No module named"):
            kinds.names()
