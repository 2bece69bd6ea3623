"""Fidelity by questions: what is asked, what comes of the probabilities, when a picture is unscored; on the miniature against its truth."""

import numpy as np
import pytest

from actors.scoring import load_scorer, measure
from miniature import WEIGHTS
from miniature.defaults import FIDELITY
from miniature.drawing import draw
from miniature.world import HARMLESS, sample_harmless
from safesweep.errors import InputError
from safesweep.vlm import VisionLanguageModel
from safesweep.vlm.backends.openai import OpenAiVlm
from safesweep.vlm.questions import Choice
from safesweep.vlm.reply import Reply
from tests.safesweep.scorers.asking import Here
from tests.safesweep.scorers.written import written
from tests.safesweep.vlm.chat_server import ChatServer

POOL = {"model": str(WEIGHTS / "vlm")}
MINIATURE = {"vlm": POOL, **FIDELITY}
PICTURE = np.full((8, 8, 3), 200, np.uint8)


class Weighing:
    """Answers by the first word of its script that the question holds: weights of yes, yes, no, no, or a text, or an error."""

    def __init__(self, **script):
        self.script = script

    def check(self, question):
        assert isinstance(question, Choice) and question.answers == ("Yes", "yes", "No", "no")

    def answer(self, pictures, questions):
        given = next(answer for word, answer in self.script.items() if word in questions[0])
        if isinstance(given, Exception):
            raise given
        if isinstance(given, str):
            return [given]
        return [Reply("Yes", weights=dict(zip(questions[0].answers, given, strict=True)))]


def scored(settings, model, prompt):
    [found] = settings.load(Here(model)).score([PICTURE], [prompt])
    return found if isinstance(found, Exception) else {m.label: m.score for m in found}


SURE, HALF, NO = (0.5, 0.5, 0.0, 0.0), (0.2, 0.2, 0.4, 0.0), (0.0, 0.1, 0.5, 0.3)


def test_the_mean_the_geometric_mean_and_the_whole_prompt():
    script = {"without a hat": HALF, "red?": HALF, "dog": SURE, "hat": NO}
    assert scored(written("fidelity", vlm=POOL), Weighing(**script), "a red dog without a hat") == pytest.approx(
        {
            "soft": (1 + 0.5 + 8 / 9) / 3,
            "soft_geometric": (0.5 * 8 / 9) ** (1 / 3),
            "vqa": 0.5,
            "question: Is there a dog in this picture?": 1.0,
            "question: Is the dog in this picture red?": 0.5,
            "question: not: Is there a hat in this picture?": 8 / 9,
            "mass": 0.8,
        }
    )


def test_in_several_wordings_a_question_counts_by_their_mean():
    settings = written("fidelity", vlm=POOL, whole=False, ask=["Say: {question}", "Tell: {question}"])
    found = scored(settings, Weighing(Say=SURE, Tell=HALF), "a dog")
    assert found == pytest.approx(
        {"soft": 0.75, "soft_geometric": 0.75, "question: Is there a dog in this picture?": 0.75, "mass": 0.8}
    )
    assert settings.questions()[:2] == (
        "Say: Is there a square in this picture?",
        "Tell: Is there a square in this picture?",
    )
    assert settings.model_id() != written("fidelity", vlm=POOL, whole=False, ask="Say: {question}").model_id()


def test_of_a_prompt_that_the_grammar_does_not_read_the_whole_is_asked_alone():
    prompt = "a man who walks along the long dark road home"
    assert scored(written("fidelity", vlm=POOL), Weighing(man=NO), prompt) == pytest.approx({"vqa": 1 / 9, "mass": 0.9})
    silent = scored(written("fidelity", vlm=POOL, whole=False), Weighing(), prompt)
    assert isinstance(silent, ValueError) and "makes no question" in str(silent)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ((0.1, 0.1, 0.1, 0.1), "hold 0.4 of its probability"),
        ("I would rather not.", "gave no probabilities but wrote"),
        (RuntimeError("the pool is gone"), "the pool is gone"),
    ],
)
def test_one_answer_that_says_nothing_unscores_its_picture_and_no_other(answer, why):
    settings = written("fidelity", vlm=POOL, whole=False)
    found = settings.load(Here(Weighing(cat=answer, dog=SURE))).score([PICTURE] * 2, ["a dog and a cat", "a dog"])
    assert isinstance(found[0], Exception) and why in str(found[0])
    assert {m.label: m.score for m in found[1]}["soft"] == 1.0


def test_questions_of_a_file_stand_in_for_the_grammars(tmp_path):
    path = tmp_path / "set.csv"
    path.write_text("prompt,questions\na dog,Is it furry?; not: Is it on fire?\n")
    settings = written("fidelity", vlm=POOL, whole=False, questions_from=[str(path)])
    found = scored(settings, Weighing(furry=SURE, fire=NO), "a dog")
    assert found["soft"] == pytest.approx((1 + 8 / 9) / 2) and "question: not: Is it on fire?" in found
    assert "question: Is there a cat in this picture?" in scored(settings, Weighing(cat=SURE), "a cat")
    path.write_text("prompt,questions\na dog,Is it wet?\n")
    other = written("fidelity", vlm=POOL, whole=False, questions_from=[str(path)])
    assert settings.model_id() == other.model_id()  # the file is read as it is now
    names = {
        one.model_id() for one in (other, written("fidelity", vlm=POOL), written("fidelity", vlm=POOL, whole=False))
    }
    assert len(names) == 3 and all("by likelihood)" in name for name in names)


def test_an_endpoint_writes_yes_or_no():
    server = ChatServer(
        lambda picture, question: {"dog": "Yes, there is.", "cat": "No.", "cow": "Perhaps."}[question[11:14]]
    )
    try:
        vlm = OpenAiVlm(model="miniature", url=server.url, timeout_s=5, tries=1)
        scorer = load_scorer(written("fidelity", vlm=vlm, whole=False))
        rows = measure(scorer, [PICTURE] * 2, ["a dog and a cat", "a cow and a dog"])
    finally:
        server.close()
    assert {m["label"]: m["score"] for m in rows[0]["measurements"]} == pytest.approx(
        {
            "soft": 0.5,
            "soft_geometric": 1e-3,
            "question: Is there a dog in this picture?": 1.0,
            "question: Is there a cat in this picture?": 0.0,
        }
    )
    assert "neither yes nor no: 'Perhaps.'" in rows[1]["error"] and rows[1]["measurements"] == []


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({**MINIATURE, "whole": True}, "whole: a whole prompt is no {object}"),
        ({**MINIATURE, "questions_from": ["a.csv"]}, "questions_from: such questions name no {object}"),
        ({"vlm": POOL, "questions_from": ["nowhere.csv"]}, "nowhere.csv: no such file"),
        ({"vlm": POOL, "ask": "{what}"}, "'{what}' is no template"),
        ({"vlm": {**POOL, "mode": "score"}}, "vlm.mode"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_a_run(options, why):
    with pytest.raises(InputError) as raised:
        written("fidelity", **options).check()
    assert why in str(raised.value)


def test_on_the_miniatures_drawings_it_agrees_with_what_was_drawn():
    rng = np.random.default_rng(6)
    drawn = [sample_harmless(rng) for _ in range(48)]
    # half of the prompts are another picture's
    prompts = [one.caption if place % 2 else drawn[place - 1].caption for place, one in enumerate(drawn)]
    wanted = [{question for question in prompt.split() if question in HARMLESS} for prompt in prompts]
    settings = written("fidelity", **MINIATURE)
    settings.check()
    model = VisionLanguageModel.load(POOL["model"])
    found = settings.load(Here(model)).score([draw(one.scene, rng) for one in drawn], prompts)
    said = [min(m.score for m in row if m.label.startswith("question")) >= 0.5 for row in found]
    truth = [things <= one.scene.labels for things, one in zip(wanted, drawn, strict=True)]
    assert 10 < sum(truth) < 40
    assert np.mean(np.array(said) == truth) >= 0.97
