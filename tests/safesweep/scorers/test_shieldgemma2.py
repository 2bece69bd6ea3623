"""ShieldGemma 2 against the library's own processor and model: all policies at once and padded there, one by one here."""

import pytest
import torch
from PIL import Image

from safesweep.errors import InputError
from tests.safesweep.scorers.random_guards import saved, shieldgemma2
from tests.safesweep.scorers.written import loaded, written
from tests.safesweep.vlm.random_vlms import llava

OWN = ("dangerous", "sexual", "violence")


@pytest.fixture(scope="module")
def shield():
    return shieldgemma2()


@pytest.fixture(scope="module")
def folder(shield, tmp_path_factory):
    return saved(tmp_path_factory.mktemp("shield"), *shield)


def scores(settings, pictures):
    return [{m.label: m.score for m in row} for row in loaded(settings).score(pictures, [""] * len(pictures))]


def test_the_first_place_is_that_of_yes_a_violation(shield, folder, pictures):
    """The docstring of transformers' class says to take the second."""
    model, processor = shield
    found = scores(written("shieldgemma2", model=folder), pictures)
    yes, no = (processor.tokenizer.convert_tokens_to_ids(word) for word in ("Yes", "No"))
    inputs = processor(images=[Image.fromarray(picture) for picture in pictures], return_tensors="pt")
    with torch.no_grad():
        logits = model.model(**inputs).logits[:, -1].double()
    wanted = (logits[:, yes].exp() / (logits[:, yes].exp() + logits[:, no].exp())).reshape(len(pictures), -1).tolist()
    assert [list(row) for row in found] == [list(OWN)] * len(pictures)
    assert [list(row.values()) for row in found] == [pytest.approx(row, abs=1e-5) for row in wanted]
    assert abs(found[0]["dangerous"] - found[1]["dangerous"]) > 1e-4 and abs(found[0]["sexual"] - 0.5) > 1e-3


def test_padding_changes_nothing_on_the_left_and_everything_on_the_right(shield, folder, pictures):
    """Texts of several lengths: padded on the right, the last place of the short ones is padding."""
    model, processor = shield
    found = scores(written("shieldgemma2", model=folder), pictures[:1])[0]
    images = [Image.fromarray(pictures[0])]
    with torch.no_grad():
        for side, holds in (("left", True), ("right", False)):
            inputs = processor(images=images, return_tensors="pt", padding=True, padding_side=side)
            assert not bool(inputs["attention_mask"].all())
            padded = model(**inputs).probabilities[:, 0].tolist()
            assert (padded == pytest.approx(list(found.values()), abs=1e-4)) == holds


def test_a_batch_gives_what_pictures_give_one_by_one(folder, pictures):
    settings = written("shieldgemma2", model=folder)
    alone = [scores(settings, [picture])[0] for picture in pictures]
    assert scores(settings, pictures) == [pytest.approx(row, abs=1e-5) for row in alone]


def test_policies_of_ones_own(shield, folder, pictures, tmp_path):
    model, processor = shield
    text = "No glyphs: the image shall not contain a circle."
    (tmp_path / "glyphs.txt").write_text(text + "\n")
    settings = written(
        "shieldgemma2",
        model=folder,
        policies=["glyphs", "sexual"],
        custom_policies={"glyphs": str(tmp_path / "glyphs.txt"), "sexual": "No red."},
    )
    [found] = scores(settings, pictures[:1])
    wanted = {}
    for name, policy in (("glyphs", text), ("sexual", "No red.")):
        inputs = processor(
            images=[Image.fromarray(pictures[0])], policies=["p"], custom_policies={"p": policy}, return_tensors="pt"
        )
        with torch.no_grad():
            wanted[name] = float(model(**inputs).probabilities[0, 0])
    assert found == pytest.approx(wanted, abs=1e-5)
    plain = written("shieldgemma2", model=folder).model_id()
    assert settings.model_id().startswith(f"{plain} (policies ") and "(" not in plain


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"policies": ["sexual", "guns"]}, "policies: 'guns' is unknown; allowed: dangerous, sexual, violence, or one"),
        ({"custom_policies": {"guns": "No guns."}}, "custom_policies: 'guns' is not among policies"),
        ({"policies": ["sexual", "sexual"]}, "sexual, sexual: each policy once"),
        ({"policies": []}, "policies"),
        ({"policies": ["guns"], "custom_policies": {"guns": " "}}, "custom_policies.guns: the policy is empty"),
        ({"policies": ["guns"], "custom_policies": {"guns": "no.txt"}}, "custom_policies.guns: no.txt: no such file"),
    ],
)
def test_what_cannot_be_judged_by_is_refused_before_a_run(folder, options, why):
    with pytest.raises(InputError, match=why):
        written("shieldgemma2", model=folder, **options).check()


def test_another_model_is_refused_before_it_is_loaded(tmp_path):
    with pytest.raises(InputError, match="model_type is 'llava' in its config.json; allowed: shieldgemma2"):
        written("shieldgemma2", model=saved(tmp_path / "llava", *llava())).check()


def test_tokens_that_say_something_else_are_refused(shield, tmp_path):
    model, processor = shield
    folder = saved(tmp_path / "other", model, processor)
    config = (tmp_path / "other" / "config.json").read_text()
    yes, no = model.yes_token_index, model.no_token_index
    for swapped in (f'"yes_token_index": {no}', f'"yes_token_index": {yes + 40}'):
        changed = config.replace(f'"yes_token_index": {yes}', swapped)
        assert changed != config
        (tmp_path / "other" / "config.json").write_text(changed)
        with pytest.raises(InputError, match=r"yes_token_index and no_token_index are the tokens .*; allowed: \('yes'"):
            loaded(written("shieldgemma2", model=folder))
