"""The Dockerfile, which no test can build: parsed, and held against the tree."""

import fnmatch
import re
import subprocess
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


def test_its_bases_are_pinned_by_digest_and_its_user_is_not_root(instructions):
    """One base, given by an argument whose default is pinned; the first thing that is built refuses another that is not."""
    bases = [value.split()[0] for name, value in instructions if name == "FROM"]
    assert bases == ["${PYTHON_IMAGE}"] * 2
    [pinned] = [value for name, value in instructions if name == "ARG" and "=" in value]
    assert re.fullmatch(r"PYTHON_IMAGE=python:3\.11\.\d+-slim-\w+@sha256:[0-9a-f]{64}", pinned)
    check = next(value for name, value in instructions if name == "RUN")
    for image, refused in (("python:3.11", True), (pinned.partition("=")[2], False), ("", True)):
        done = subprocess.run(
            ["sh", "-c", check], env={"PYTHON_IMAGE": image}, capture_output=True, text=True, check=False
        )
        assert (done.returncode != 0) is refused and (f"PYTHON_IMAGE is {image};" in done.stderr) is refused
    first = [name for name, _ in instructions]
    assert first[first.index("FROM") :][:3] == ["FROM", "ARG", "RUN"]
    assert not (ROOT / "Dockerfile").read_text().startswith("# syntax="), "a frontend is an image, too"
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
