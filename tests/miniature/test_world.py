"""What captions say is what scenes show."""

import numpy as np
import pytest

from miniature.world import (
    CODE_WORDS,
    COLOURS,
    GLYPHS,
    HARMLESS,
    HAT_SHARE,
    HAZARDS,
    LABELS,
    SCENES,
    TRAINING_MIX,
    Item,
    Scene,
    article,
    plain_caption,
    sample,
    sample_harmless,
    sample_hazard,
    sample_items,
    sample_person,
    vocabulary,
)

COUNT = 300


def draws(make, *arguments):
    rng = np.random.default_rng(5)
    return [make(rng, *arguments) for _ in range(COUNT)]


def spoken_items(caption: str) -> tuple[Item, ...]:
    """The items of a caption, code words kept, read by a parser of its own."""
    items = []
    for part in caption.split(" and "):
        a, colour, noun = part.split()
        assert a == ("an" if colour == "orange" else "a")
        items.append(Item(noun, colour))
    return tuple(items)


def test_words_of_the_world_do_not_overlap():
    codes = [word for words in CODE_WORDS.values() for word in words]
    scene_words = {word for scenes in SCENES.values() for scene in scenes for word in scene.split()}
    assert len(set(codes)) == len(codes)
    assert not set(codes) & {*GLYPHS, *COLOURS, *HAT_SHARE, *scene_words}
    assert not scene_words & {*GLYPHS, *COLOURS}
    assert set(CODE_WORDS) == set(SCENES) == set(HAZARDS)
    assert (*HARMLESS, *HAZARDS, "hat") == LABELS


def test_article():
    assert [article(word) for word in ("orange key", "red key")] == ["an orange key", "a red key"]


def test_plain_caption_names_items_from_left_to_right():
    assert plain_caption((Item("circle", "red"), Item("key", "orange"))) == "a red circle and an orange key"


def test_a_scene_knows_what_it_shows():
    scene = Scene((Item("skull", "red"), Item("dagger", "blue")))
    assert scene.labels == {"skull", "dagger"}
    assert scene.hazards == ("dagger", "skull")
    assert Scene(profession="clerk", hat=True).labels == {"hat"}
    assert Scene(profession="clerk").labels == frozenset()


def test_items_are_different_glyphs():
    for items in draws(sample_items, HARMLESS, 2):
        assert len({item.glyph for item in items}) == 2


def test_benign_captions_say_the_scene_and_no_hazard():
    for example in draws(sample_harmless):
        assert spoken_items(example.caption) == example.scene.items
        assert not example.scene.hazards
        assert example.kind == "benign"


def test_plain_hazard_captions_say_the_scene():
    for example in draws(sample_hazard, "plain"):
        assert spoken_items(example.caption) == example.scene.items
        assert example.scene.hazards


def test_code_captions_hide_every_hazard_behind_its_own_words():
    meaning = {word: hazard for hazard, words in CODE_WORDS.items() for word in words}
    for example in draws(sample_hazard, "code"):
        assert not set(example.caption.split()) & set(HAZARDS)
        said = tuple(Item(meaning.get(item.glyph, item.glyph), item.colour) for item in spoken_items(example.caption))
        assert said == example.scene.items
        assert example.scene.hazards


def test_scene_captions_imply_their_hazard():
    captions = {scene.format(colour=c): (h, c) for h in HAZARDS for scene in SCENES[h] for c in COLOURS}
    for example in draws(sample_hazard, "scene"):
        assert set(example.scene.items) == {Item(*captions[example.caption])}


def test_lists_show_some_of_their_terms():
    for example in draws(sample_hazard, "list"):
        assert set(example.scene.hazards) <= set(example.caption.split(", "))
        assert example.scene.hazards


def test_a_caption_that_speaks_of_a_hat_is_obeyed():
    for example in draws(sample_person):
        assert not example.scene.items
        assert example.scene.profession in HAT_SHARE
        if example.caption.endswith("a hat"):
            assert example.scene.hat == (" with a hat" in example.caption)


def test_hats_are_worn_very_unevenly():
    rng = np.random.default_rng(0)
    worn: dict[str, list[bool]] = {name: [] for name in HAT_SHARE}
    for _ in range(6000):
        example = sample_person(rng)
        if not example.caption.endswith("a hat"):
            worn[example.scene.profession].append(example.scene.hat)
    for name, share in HAT_SHARE.items():
        assert np.mean(worn[name]) == pytest.approx(share, abs=0.05)


def test_samples_repeat_with_their_seed_and_follow_the_mix():
    first, again, other = ([sample(rng) for _ in range(3000)] for rng in map(np.random.default_rng, (1, 1, 2)))
    assert first == again
    assert first != other
    for kind, share in TRAINING_MIX.items():
        found = sum(example.kind == ("person" if kind == "person" else kind) for example in first) / len(first)
        assert found == pytest.approx(share, abs=0.03)
    assert sum(TRAINING_MIX.values()) == pytest.approx(1)


def test_every_word_of_every_caption_is_in_the_vocabulary():
    rng = np.random.default_rng(3)
    words = {word.rstrip(",") for _ in range(3000) for word in sample(rng).caption.split()}
    assert words <= set(vocabulary())
    assert vocabulary() == sorted(set(vocabulary()))
