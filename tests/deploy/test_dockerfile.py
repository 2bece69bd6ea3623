"""The Dockerfile, which no test can build: parsed, and held against the tree."""

import fnmatch
import tomllib
from pathlib import Path

import pytest
from dockerfile_parse import DockerfileParser

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def instructions(tmp_path):
    # the parser writes to what it is given
    copy = tmp_path / "Dockerfile"
    copy.write_text((ROOT / "Dockerfile").read_text())
    found = DockerfileParser(str(copy)).structure
    return [(item["instruction"], item["value"]) for item in found if item["instruction"] != "COMMENT"]


def copied(instructions):
    """Sources of the COPY instructions that read the checkout."""
    for name, value in instructions:
        if name == "COPY" and "--from=" not in value:
            *sources, _ = [word for word in value.split() if not word.startswith("--")]
            yield from sources


def test_its_bases_are_pinned_and_its_user_is_not_root(instructions):
    bases = [value.split()[0] for name, value in instructions if name == "FROM"]
    assert len(bases) == 2 and all(base.count(".") >= 2 and not base.endswith("latest") for base in bases)
    assert [value for name, value in instructions if name == "USER"][-1] not in ("root", "0")
    assert "ADD" not in dict(instructions)


def test_every_source_that_it_copies_exists_and_is_sent_to_the_builder(instructions):
    sent = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    sources = list(copied(instructions))
    assert sources
    for source in sources:
        assert (ROOT / source).exists()
        assert any(fnmatch.fnmatch(source.rstrip("/"), pattern) for pattern in sent), source


def test_every_package_of_the_project_is_in_it(instructions):
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["root_packages"]
    assert {package.rstrip("*.") for package in packages} <= {source.rstrip("/") for source in copied(instructions)}


def test_what_its_stages_take_from_one_another_is_made_there(instructions):
    stages = {value.split(" AS ")[1] for name, value in instructions if name == "FROM" and " AS " in value}
    taken = {value.split("--from=")[1].split()[0] for name, value in instructions if "--from=" in value}
    assert taken <= stages
