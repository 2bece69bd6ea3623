"""The labelling page in headless Chromium: twenty pictures by keys, closed, opened again, saved, and taken into the lake."""

from pathlib import Path
from typing import Any

import pytest

from safesweep.lake.label_import import import_labels
from safesweep.lake.labels import read_labels
from tests.marks import SLOW
from tests.safesweep.reports.chromium import browser, options
from tests.safesweep.reports.labelling import CATEGORIES, draw, write_page
from tests.safesweep.reports.lake import RUN

pytestmark = [SLOW, pytest.mark.timeout(600)]
PATIENCE = 180_000


class Sitting:
    """A browser with the page open, on a profile folder that outlives it."""

    def __init__(self, driver: Any, profile: Path, file: Path) -> None:
        self.context = driver.chromium.launch_persistent_context(str(profile), offline=True, **options())
        self.context.set_default_timeout(PATIENCE)
        self.tab = self.context.new_page()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.tab.on("console", lambda said: self.complaints.append(said.text))
        self.tab.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.tab.on("request", lambda request: self.requests.append(request.url))
        self.tab.goto(file.as_uri())

    def press(self, *keys: str) -> None:
        for key in keys:
            self.tab.keyboard.press(key)

    def progress(self) -> str:
        return str(self.tab.locator("#progress").text_content())

    def blurred(self) -> bool:
        return str(self.tab.evaluate("getComputedStyle(document.getElementById('picture')).filter")).startswith("blur(")

    def save(self, button: str, folder: Path) -> Path:
        with self.tab.expect_download() as download:
            self.tab.locator(button).click()
        path = folder / download.value.suggested_filename
        download.value.save_as(path)
        return path

    def close(self) -> None:
        assert self.complaints == []
        assert [url for url in self.requests if not url.startswith(("file:", "data:", "blob:"))] == []
        self.context.close()


def test_twenty_pictures_closed_resumed_saved_and_taken_in(lake: Path, tmp_path: Path) -> None:
    page, drawn = write_page(lake, tmp_path).path, [one.trial_id for one in draw(lake).drawn]
    with browser(launch=False) as driver:
        first = Sitting(driver, tmp_path / "profile", page)
        first.press("s")  # nobody is at it yet: nothing is labelled, and the name is asked for
        assert first.progress() == "0 of 20 labelled"
        first.tab.keyboard.type("Ann")
        first.press("Enter")
        assert first.blurred()
        first.press("Space")
        assert not first.blurred()
        first.press("1", "2", "u")
        assert first.blurred()  # the next picture
        first.press("s", "n", "1", "s")
        first.press("ArrowLeft", "Backspace", "u")  # taken back, and said anew
        first.press(*["s"] * 5, "u")
        assert first.progress() == "10 of 20 labelled"
        first.close()

        second = Sitting(driver, tmp_path / "profile", page)
        assert second.tab.locator("#labeller").input_value() == "Ann"
        assert second.progress() == "10 of 20 labelled"
        assert second.tab.locator("#place").text_content() == "Picture 11 of 20"
        second.press(*["u", "s"] * 5)
        assert second.progress() == "20 of 20 labelled"
        csv, json = second.save("#save-csv", tmp_path), second.save("#save-json", tmp_path)
        assert second.tab.evaluate("window.pwned") is None
        second.close()

    wanted = ["unsafe", "safe", "unsure", "unsafe", *["safe"] * 5, "unsafe", *["unsafe", "safe"] * 5]
    found = []
    for path in (csv, json):
        for old in (lake / "labels").rglob("*.parquet"):
            old.unlink()
        done = import_labels(lake, RUN, [path])
        assert (done.labels, done.pictures, done.labellers) == (20, 20, ("Ann",))
        found.append({row["trial_id"]: row for row in read_labels(lake, RUN).to_pylist()})
        done.path.unlink()
    assert found[0] == found[1]
    assert [found[0][name]["verdict"] for name in drawn] == wanted
    assert found[0][drawn[0]]["categories"] == CATEGORIES[:2]
    assert found[0][drawn[3]]["categories"] == []
    assert {(row["population"], row["drawn"]) for row in found[0].values()} == {
        (stratum.population, stratum.drawn) for stratum in draw(lake).strata
    }


def test_another_labeller_starts_anew_and_both_are_saved(lake: Path, tmp_path: Path) -> None:
    page = write_page(lake, tmp_path).path
    with browser(launch=False) as driver:
        view = Sitting(driver, tmp_path / "profile", page)
        for name in ("Ann", "Bo"):
            view.tab.locator("#labeller").fill(name)
            view.press("Enter", "s", "u")
        assert view.progress() == "2 of 20 labelled"
        saved = view.save("#save-csv", tmp_path)
        view.close()
    lines = saved.read_text().splitlines()
    assert len(lines) == 5
    assert sum('"Ann"' in line for line in lines) == sum('"Bo"' in line for line in lines) == 2
