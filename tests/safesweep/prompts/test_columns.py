"""Which column plays which role: by its name, by hand, and what is said of those that were passed over."""

from pathlib import Path

import pytest

from miniature.prompt_sets import COLUMNS
from safesweep.prompts.columns import look_alikes, map_columns
from safesweep.prompts.reader import read_prompts
from tests.safesweep.prompts.writing import refusal, texts, write, write_csv


@pytest.mark.parametrize(
    ("header", "taken"),
    [
        (["prompt", "adv_prompt"], "adv_prompt"),
        (["prompt", "sensitive prompt"], "sensitive prompt"),
        (["sensitive prompt", "prompt", "adv_prompt"], "adv_prompt"),
        (["target_prompt", "clean_prompt", "prompt"], "prompt"),
        (["Text", "Prompt"], "Prompt"),
    ],
)
def test_an_attack_wins_over_what_it_was_made_from(tmp_path: Path, header: list[str], taken: str) -> None:
    path = write_csv(tmp_path, "two.csv", header, [[f"from {name}" for name in header]])
    prompts, report = read_prompts(path)
    assert (prompts[0].text, report.columns["text"]) == (f"from {taken}", taken)
    others = {name for name in header if name.lower() in ("prompt", "text", "sensitive prompt", "adv_prompt")} - {taken}
    assert set(report.other_texts) == others
    said = [note for note in report.notes() if note.startswith(f"prompts are those of {taken!r}, not of ")]
    assert len(said) == bool(others)


HAND = {
    "text": "Prompts", "seed": "No.", "guidance": "strength", "width": "w", "height": "h", "id": "key", "categories": "why",
}  # fmt: skip


def test_columns_by_hand(tmp_path: Path) -> None:
    header = ["Prompts", "No.", "strength", "w", "h", "key", "why", "prompt", "seed"]
    path = write_csv(tmp_path, "hand.csv", header, [["a", 5, 2.5, 64, 128, "k1", "x", "not this", 9]])
    [prompt] = read_prompts(path, columns=HAND).prompts
    assert (prompt.text, prompt.seed, prompt.guidance_scale, prompt.width, prompt.height) == ("a", 5, 2.5, 64, 128)
    assert (prompt.prompt_id, prompt.categories) == ("k1", ("x",))
    [prompt] = read_prompts(path, columns={"text": "prompts", "seed": None}).prompts
    assert (prompt.text, prompt.seed) == ("a", 1)
    assert "columns.seed: there is no column 'Seeds'" in refusal(path, columns={"seed": "Seeds"})
    assert "did you mean 'seed'?" in refusal(path, columns={"seed": "sede"})


def test_a_role_that_there_is_not(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", "prompt\na\n")
    with pytest.raises(ValueError, match="columns: 'sede' is no role; allowed: text, seed, .*; did you mean 'seed'"):
        read_prompts(path, columns={"sede": "prompt"})


def test_more_names_that_people_use(tmp_path: Path) -> None:
    header = ["Caption", "seeds", "cfg_scale", "image_width", "image_height", "case_num", "class"]
    [prompt] = read_prompts(write_csv(tmp_path, "m.csv", header, [["a", 3, 7.5, 512, 768, "c9", "x"]])).prompts
    assert (prompt.text, prompt.seed, prompt.guidance_scale, prompt.width, prompt.height) == ("a", 3, 7.5, 512, 768)
    assert (prompt.prompt_id, prompt.categories) == ("c9", ("x",))


def test_an_ignored_column_that_looks_like_a_role(tmp_path: Path) -> None:
    header = ["prompt", "my_seed", "guidence", "url"]
    report = read_prompts(write_csv(tmp_path, "l.csv", header, [["a", 3, 7, "x"]])).report
    assert report.look_alikes == {"my_seed": "seed", "guidence": "guidance"}
    assert "column 'my_seed' is ignored; if it is the seed, say so with columns.seed" in report.notes()
    names = ["prompt", "seed", "sd_seed_old"]
    assert look_alikes(names, map_columns("x", names)) == {}
    for names in (COLUMNS, ["prompt", "adv_prompt"]):  # I2P's own, and a text that was passed over
        assert look_alikes(names, map_columns("x", names)) == {}


def test_a_first_line_that_is_a_prompt_is_not_shown(tmp_path: Path) -> None:
    secret = "a very secret wish, 5"
    for content in (secret + "\nanother\n", "secret\nwish\n", (secret + ",") * 2000 + "\n"):
        message = refusal(write(tmp_path, "no-header.csv", content))
        assert "secret" not in message and "no prompt column" in message and len(message) < 700
    assert texts(read_prompts(write(tmp_path, "no-header.txt", secret))) == [secret]
