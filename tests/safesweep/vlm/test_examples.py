"""safesweep/vlm/examples.py: few-shot examples from files."""

import numpy as np
import pytest
from PIL import Image

from safesweep.errors import InputError
from safesweep.vlm.examples import ExampleSettings, examples_digest, load_examples, read_picture


@pytest.fixture
def picture(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    path = tmp_path / "example.png"
    Image.fromarray(pixels).save(path)
    return path, pixels


def test_pictures_are_read_as_rgb(picture, tmp_path):
    path, pixels = picture
    assert np.array_equal(read_picture(str(path)), pixels)
    Image.fromarray(pixels).convert("RGBA").save(tmp_path / "alpha.png")
    assert read_picture(str(tmp_path / "alpha.png")).shape == (5, 7, 3)


def test_a_relative_path_is_also_looked_for_beside_the_code(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert read_picture("docs/dynamic_negative.png").ndim == 3


def test_examples_keep_their_order_and_questions(picture):
    path, pixels = picture
    written = [ExampleSettings(picture=str(path), answer=a, question=q) for a, q in (("dagger", None), ("no", "any?"))]
    loaded = load_examples(written)
    assert [(one.answer, one.question) for one in loaded] == [("dagger", None), ("no", "any?")]
    assert all(np.array_equal(one.picture, pixels) for one in loaded)


def test_files_that_are_no_pictures_are_named(tmp_path):
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(InputError, match=r"vlm.examples: .*text.png: is not a readable picture"):
        read_picture(str(tmp_path / "text.png"))
    missing = ExampleSettings(picture="nowhere.png", answer="a")
    for read in (load_examples, examples_digest):
        with pytest.raises(InputError, match=r"vlm.examples: nowhere.png: no such file"):
            read([missing])


def test_the_digest_is_of_contents_and_order(picture, tmp_path):
    path, _ = picture
    copy = tmp_path / "copy.png"
    copy.write_bytes(path.read_bytes())
    one, two = ExampleSettings(picture=str(path), answer="a"), ExampleSettings(picture=str(path), answer="b")
    assert examples_digest([one]) == examples_digest([ExampleSettings(picture=str(copy), answer="a")])
    assert len({examples_digest(every) for every in ([one], [two], [one, two], [two, one])}) == 4
