"""Where an attack's prompts come from, and for which cells they are a transfer attack."""

import json

import pytest

from safesweep.errors import InputError
from safesweep.prompts.attacks import Attacked, attack_words, cell_digest, same_model
from safesweep.prompts.i2p import i2p_csv
from safesweep.prompts.reader import read_prompts
from safesweep.prompts.settings import PromptFileSettings

SD = "CompVis/stable-diffusion-v1-4"
CELL = {"guidance": {"method": "static_negative", "negative_scale": 10.0}, "guidance_scale": None, "solver": "DDIM"}


def digest(**changes) -> str:
    return cell_digest(json.dumps({**CELL, **changes}))


def test_a_file_beside_a_prompt_file_says_which_attack_it_is(tmp_path):
    path = tmp_path / "p4d.csv"
    path.write_text("adv_prompt,evaluation_seed\nxyzzy,4\n")
    assert read_prompts(path).report.attacked is None
    (tmp_path / "p4d.csv.attack.yaml").write_text(f"method: P4D\nmodel: {SD}\n")
    [found] = PromptFileSettings(path=str(path)).read()
    assert found.report.attacked == Attacked(method="P4D", model=SD)
    assert f"prompts of P4D (white-box) on {SD}: a transfer attack on whatever else is tested" in found.report.notes()
    by_hand = Attacked(method="UnlearnDiffAtk", model="mine", access="black-box")
    [found] = PromptFileSettings(path=str(path), attacked=by_hand).read()
    assert found.report.attacked == by_hand


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        ("model: x\n", "method"),
        ("method: P4D\nmodle: x\n", "modle"),
        ("a: [", "is not YAML"),
        ("just words", "attack.yaml"),
    ],
)
def test_a_file_beside_it_that_cannot_be_used_is_named(tmp_path, content, wanted):
    path = tmp_path / "p.csv"
    path.write_text("prompt\nx\n")
    (tmp_path / "p.csv.attack.yaml").write_text(content)
    with pytest.raises(InputError, match=wanted) as caught:
        read_prompts(path)
    assert "p.csv.attack.yaml" in str(caught.value)


def test_winners_say_themselves_what_was_attacked(tmp_path):
    own = {"attack_method": "safesweep", "attacked_model": "m@sha256:ab", "attacked_cell": "static γ=10"}
    rows = [{"prompt": text, "sd_seed": 1, **own, "attacked_cell_digest": digest()} for text in ("a", "b")]
    path = tmp_path / "winners.csv"
    path.write_text(i2p_csv(rows))
    found = read_prompts(path).report
    assert found.attacked == Attacked(method="safesweep", model="m@sha256:ab", cell="static γ=10", cell_digest=digest())
    assert any("safesweep (black-box) on m@sha256:ab under static γ=10" in note for note in found.notes())
    path.write_text(i2p_csv([rows[0], {**rows[1], "attacked_cell": "none"}]))
    with pytest.raises(InputError, match="hold 2 different attacks; allowed: one a file"):
        read_prompts(path)


def test_models_are_one_by_their_digests_or_else_by_their_names():
    assert same_model("a/b@sha256:1", "/elsewhere/b@sha256:1") and not same_model("a/b@sha256:1", "a/b@sha256:2")
    assert same_model("CompVis/SD", "compvis/sd@sha256:1") and not same_model("CompVis/SD", "other/sd@sha256:1")


def test_a_set_is_a_transfer_wherever_something_else_is_tested():
    plain = Attacked(method="P4D", model=SD)
    assert not plain.is_transfer(f"{SD}@sha256:1", digest(), checkpoint=False)
    assert plain.is_transfer(f"{SD}@sha256:1", digest(), checkpoint=True)
    assert plain.is_transfer("stabilityai/sdxl@sha256:2", digest(), checkpoint=False)
    assert Attacked(method="P4D").is_transfer(SD, digest(), checkpoint=False), "it is not known what was attacked"
    defended = Attacked(method="safesweep", model=SD, cell="static", cell_digest=digest())
    assert not defended.is_transfer(SD, digest(guidance_scale=4.0), checkpoint=False), (
        "a row's own scale is no other defence"
    )
    assert defended.is_transfer(SD, digest(solver="Euler"), checkpoint=False)


def test_words_for_tables_are_the_manifests():
    manifest = {"attacked": {"p4d": {"method": "P4D", "model": SD}}, "models": {"diffusion": f"{SD}@sha256:1"}}
    assert attack_words(manifest, "i2p", digest(), False) is None
    assert attack_words(manifest, "p4d", digest(), False) == f"attack on this very cell: P4D (white-box) on {SD}"
    assert attack_words(manifest, "p4d", digest(), True) == f"transfer: P4D (white-box) on {SD}"
    assert attack_words({}, "p4d", digest(), True) is None
