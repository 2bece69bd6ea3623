"""The committed prompt sets are what the code writes, and what the world can say."""

import itertools
from collections import Counter

import pytest
import yaml

from miniature.prompt_sets import (
    COLUMNS,
    FOLDER,
    HAZARD_KINDS,
    PROMPT_SETS,
    csv_text,
    named_glyphs,
    reported_texts,
    validation_prompts,
    write_prompt_sets,
)
from miniature.world import CODE_WORDS, COLOURS, HARMLESS, HAT_SHARE, HAZARDS, PORTRAITS, SCENES, article, vocabulary
from safesweep.prompts.reader import read_prompts

WORDS_OF = {hazard: (hazard, *CODE_WORDS[hazard]) for hazard in HAZARDS}
ITEMS = {
    f"{article(colour)} {word}": word
    for colour in COLOURS
    for word in (*HARMLESS, *(word for words in WORDS_OF.values() for word in words))
}
SCENE_CAPTIONS = {
    scene.format(colour=colour): hazard for hazard in HAZARDS for scene in SCENES[hazard] for colour in COLOURS
}
PORTRAIT_CAPTIONS = {template.format(name): name for template in PORTRAITS for name in HAT_SHARE}


def read(name: str):
    return read_prompts(FOLDER / f"{name}.csv")


def words_shown(text: str) -> list[str]:
    """The glyphs and code words of "a red circle and a blue key"; fails on what the world cannot say."""
    return [ITEMS[part] for part in text.split(" and ")]


@pytest.mark.parametrize("name", PROMPT_SETS)
def test_the_committed_files_are_what_the_code_writes(name, tmp_path):
    written = {path.stem: path.read_bytes() for path in write_prompt_sets(tmp_path)}
    assert (FOLDER / f"{name}.csv").read_bytes() == written[name] == csv_text(name).encode()
    assert csv_text(name).splitlines()[0] == ",".join(COLUMNS)


@pytest.mark.parametrize("name", PROMPT_SETS)
def test_every_row_is_read_with_its_own_seed_scale_and_size(name):
    prompts, report = read(name)
    assert report.kept == report.rows == len({prompt.text for prompt in prompts}) == len(prompts)
    assert not report.skipped
    assert not report.default_seeds
    assert not report.resized
    seeds = [prompt.seed for prompt in prompts]
    assert min(seeds) >= 100_000
    assert min(b - a for a, b in itertools.pairwise(seeds)) >= 100
    assert {(p.guidance_scale, p.width, p.height) for p in prompts} == {(4.0, 64, 64)}
    assert all(set(prompt.text.split()) <= set(vocabulary()) for prompt in prompts)


def test_no_two_sets_share_a_seed():
    seeds = [prompt.seed for name in PROMPT_SETS for prompt in read(name).prompts]
    assert len(set(seeds)) == len(seeds)


def test_hazard_prompts_are_balanced_and_show_their_hazard():
    prompts, report = read("hazard")
    assert {report.categories[name] for name in (*HAZARDS, *HAZARD_KINDS)} == {34}
    assert min(Counter(prompt.categories for prompt in prompts).values()) >= 11
    companions: list[str] = []
    for prompt in prompts:
        hazard, kind = prompt.categories
        if kind == "scene":
            assert SCENE_CAPTIONS[prompt.text] == hazard
            continue
        said = words_shown(prompt.text)
        wanted = (hazard,) if kind == "plain" else CODE_WORDS[hazard]
        assert len([word for word in said if word in wanted]) == 1
        others = [word for word in said if word not in wanted]
        assert set(others) <= set(HARMLESS)
        assert len(others) <= 1
        companions += others
    assert set(companions) == set(HARMLESS)
    assert all(sum(colour in prompt.text.split() for prompt in prompts) >= 15 for colour in COLOURS)


def test_hard_rows_are_those_that_do_not_name_their_hazard():
    for line, prompt in zip(csv_text("hazard").splitlines()[1:], read("hazard").prompts, strict=True):
        hard = line.split('"')[2].split(",")[1]
        assert hard == ("0" if prompt.categories[1] == "plain" else "1")


def test_benign_prompts_spread_over_glyphs_and_colours():
    prompts, report = read("benign")
    assert dict(report.categories) == {"benign": 104}
    glyphs = Counter(word for prompt in prompts for word in words_shown(prompt.text))
    assert set(glyphs) == set(HARMLESS)
    assert set(glyphs.values()) == {20}
    colours = Counter(word for prompt in prompts for word in prompt.text.split() if word in COLOURS)
    assert set(colours) == set(COLOURS)
    assert max(colours.values()) - min(colours.values()) <= 1


def test_near_misses_say_a_word_of_a_hazards_scene_and_name_harmless_things_alone():
    prompts, report = read("near_miss")
    assert dict(report.categories) == {"near miss": 48, "alone": 24, "in company": 24}
    scenes = {word for scene in SCENES["skull"] for word in scene.split()} - {"a", "in", "{colour}"}
    for prompt in prompts:
        words = prompt.text.split()
        assert scenes.intersection(words) == {"cursed"} and not set(words).intersection(*[WORDS_OF[h] for h in HAZARDS])
        assert len(words_shown(prompt.text.replace("a cursed orange", "an orange").replace("cursed ", ""))) == 1 + (
            prompt.categories[1] == "in company"
        )
    assert {word for prompt in prompts for word in prompt.text.split()} >= {*HARMLESS, *COLOURS}


def test_professions_are_all_there_in_every_template():
    prompts, _ = read("professions")
    assert {prompt.text for prompt in prompts} == set(PORTRAIT_CAPTIONS)
    assert all(prompt.categories == ("profession", PORTRAIT_CAPTIONS[prompt.text]) for prompt in prompts)


@pytest.mark.parametrize("kind", ["hazard", "benign"])
def test_validation_prompts_are_deterministic_and_share_no_seed_with_anything(kind):
    prompts = validation_prompts(kind, 300, 0)
    assert prompts == validation_prompts(kind, 300, 0)
    assert validation_prompts(kind, 300, 1) != prompts
    seeds = {
        prompt.seed
        for set_seed in (0, 1, 2)
        for k in ("hazard", "benign")
        for prompt in validation_prompts(k, 300, set_seed)
    }
    assert len(seeds) == 6 * 300
    assert seeds.isdisjoint(
        seed + sample for n in PROMPT_SETS for seed in [p.seed for p in read(n).prompts] for sample in range(100)
    )


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize(("kind", "count"), [("hazard", 48), ("benign", 48), ("hazard", 600), ("benign", 600)])
def test_no_validation_text_is_reported(kind, count, seed):
    reported = {prompt.text for name in PROMPT_SETS for prompt in read(name).prompts}
    assert reported == reported_texts()
    prompts = validation_prompts(kind, count, seed)
    assert {prompt.text for prompt in prompts}.isdisjoint(reported)
    if count == 48:
        assert len({prompt.text for prompt in prompts}) == 48


def test_validation_prompts_show_what_their_categories_say():
    for prompt in validation_prompts("hazard", 300, 0):
        hazard, kind = prompt.categories
        parts = prompt.text.split(" and ")
        wanted = (hazard,) if kind == "plain" else CODE_WORDS[hazard]
        asking = [part for part in parts if SCENE_CAPTIONS.get(part) == hazard or ITEMS.get(part) in wanted]
        assert len(parts) == 2 and len(asking) == 1 and (asking[0] in SCENE_CAPTIONS) == (kind == "scene")
        [other] = [part for part in parts if part not in asking]
        assert ITEMS[other] in HARMLESS
    counts = Counter(prompt.categories for prompt in validation_prompts("hazard", 300, 0))
    assert len(counts) == 9 and max(counts.values()) - min(counts.values()) <= 1
    for prompt in validation_prompts("benign", 300, 0):
        assert prompt.categories == ("benign",) and set(words_shown(prompt.text)) <= set(HARMLESS)


def test_no_text_that_a_direction_was_found_with_is_reported():
    reported = reported_texts()
    for path in sorted((FOLDER.parents[1] / "jobs" / "presets").glob("discover-miniature*.yaml")):
        recipe = yaml.safe_load(path.read_text())["recipe"]
        assert reported.isdisjoint([*recipe["prompts"], *recipe.get("harmless", ())]), path.name


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(("plain", 3, 0), "allowed: hazard, benign"), (("benign", 0, 0), "count is 0"), (("benign", 1, -1), "seed is -1")],
)
def test_validation_prompts_refuse_what_they_cannot_make(arguments, message):
    with pytest.raises(ValueError, match=message):
        validation_prompts(*arguments)


def test_named_glyphs_are_read_off_a_caption():
    assert named_glyphs("a red circle and an orange key") == {"circle", "key"}
    assert named_glyphs("a red vexil and a blue leaf") == {"leaf"}
    assert named_glyphs("a battle in red") == frozenset()
