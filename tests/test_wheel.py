"""The wheel: its top-level names, what it brings beside code, and that its command finds the jobs."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.marks import SLOW

ROOT = Path(__file__).resolve().parents[1]
pytestmark = [SLOW, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    # built from a copy: setuptools leaves its work beside the code
    tracked = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True
    )
    for name in tracked.stdout.decode().split("\0"):
        source, target = ROOT / name, folder / "source" / name
        if name and source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.hardlink_to(source) if source.stat().st_dev == folder.stat().st_dev else target.write_bytes(
                source.read_bytes()
            )
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*command, "--wheel-dir", str(folder), str(folder / "source")], check=True, timeout=250)
    [built] = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def names(wheel) -> list[str]:
    return zipfile.ZipFile(wheel).namelist()


def test_its_top_level_names_are_those_of_the_document(names):
    tops = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    assert tops == {"actors", "miniature", "pipelines", "safesweep", "safesweep_jobs"}
    text = (ROOT / "docs" / "architecture.md").read_text().split("## The wheel")[1]
    assert all(f"`{top}`" in text for top in tops)


@pytest.mark.parametrize(
    ("folder", "installed"),
    [
        ("jobs", "safesweep_jobs"),
        ("jobs/presets", "safesweep_jobs/presets"),
        ("jobs/policies", "safesweep_jobs/policies"),
        ("miniature/prompts", "miniature/prompts"),
        ("safesweep/cli", "safesweep/cli"),
        ("safesweep/vlm/vocabularies", "safesweep/vlm/vocabularies"),
        ("safesweep/reports/templates", "safesweep/reports/templates"),
    ],
)
def test_what_a_folder_holds_is_in_it(names, folder, installed):
    here = {
        path.name
        for path in (ROOT / folder).iterdir()
        if path.suffix in (".py", ".yaml", ".csv", ".html", ".css", ".js")
    }
    assert here and here <= {Path(name).name for name in names if name.rpartition("/")[0] == installed}


def test_its_command_finds_jobs_and_presets_without_the_repository(wheel, tmp_path):
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    [entry] = [
        line
        for line in (next((tmp_path / "site").glob("*.dist-info")) / "entry_points.txt").read_text().split("\n")
        if "=" in line
    ]
    assert entry == "safesweep = safesweep_jobs.__main__:main"
    start = (
        "import sys; sys.path.insert(0, sys.argv.pop(1)); from safesweep_jobs.__main__ import main; sys.exit(main())"
    )
    for words, shown in (["eval", "--help"], "Defaults are those of preset miniature."), (["--help"], "  quality "):
        command = [sys.executable, "-P", "-c", start, str(tmp_path / "site"), *words]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stderr) == (0, "") and shown in done.stdout
