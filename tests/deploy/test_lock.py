"""requirements.lock: the whole set pinned, for every Python that the project allows."""

import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
ASKED = [*PROJECT["dependencies"], *EXTRAS["dev"], *EXTRAS["stores"]]
PYTHONS = [f"3.{minor}" for minor in range(11, 20) if f"3.{minor}" in SpecifierSet(PROJECT["requires-python"])]


def pinned(python: str) -> dict[str, str]:
    """Package -> version that the lock file gives to ``python`` on Linux."""
    found: dict[str, str] = {}
    for line in (ROOT / "requirements.lock").read_text().splitlines():
        requirement = Requirement(line)
        environment = {"python_version": python, "python_full_version": f"{python}.0", "sys_platform": "linux"}
        if requirement.marker is None or requirement.marker.evaluate(environment):
            [pin] = requirement.specifier
            assert pin.operator == "==" and canonicalize_name(requirement.name) not in found, line
            found[canonicalize_name(requirement.name)] = pin.version
    return found


def test_the_project_names_its_pythons():
    assert PYTHONS == ["3.11", "3.12", "3.13", "3.14"]


@pytest.mark.parametrize("python", PYTHONS)
def test_every_requirement_is_pinned_to_a_version_that_it_allows(python):
    versions = pinned(python)
    for asked in map(Requirement, ASKED):
        assert versions[canonicalize_name(asked.name)] in asked.specifier, asked


def test_make_and_the_image_install_from_it():
    assert "--requirement requirements.lock" in (ROOT / "Makefile").read_text()
    assert "--constraint requirements.lock" in (ROOT / "Dockerfile").read_text()
