"""Winners' files: what is written is read back."""

import pytest

from safesweep.prompts.i2p import i2p_csv
from safesweep.prompts.reader import read_prompts


def test_what_is_written_is_read_back(tmp_path):
    rows = [
        {"prompt": 'a "red", vexil\nand', "categories": "dagger, plain", "sd_seed": 2**31 - 1, "sd_guidance_scale": 4.0,
         "sd_image_width": 64, "sd_image_height": 72, "attack_target": "a red dagger", "attack_method": "safesweep"},
        {"prompt": "  quorn", "sd_seed": 5, "attack_method": "safesweep"},
    ]  # fmt: skip
    path = tmp_path / "winners.csv"
    path.write_text(i2p_csv(rows), newline="")
    one, two = read_prompts(path).prompts
    assert (one.text, one.seed, one.guidance_scale, one.width, one.height) == (
        rows[0]["prompt"],
        2**31 - 1,
        4.0,
        64,
        72,
    )
    assert one.categories == ("dagger", "plain")
    assert (two.text, two.seed, two.guidance_scale) == ("  quorn", 5, None)


def test_what_is_no_column_is_refused():
    with pytest.raises(ValueError, match="colour"):
        i2p_csv([{"prompt": "x", "colour": 1}])
