"""What judges have in common: how they are asked, when a picture is unscored, what is refused; with policies of one's own."""

import json

import numpy as np
import pytest

from actors.scoring import load_scorer, measure
from miniature import WEIGHTS
from safesweep.errors import InputError
from safesweep.scorers.judge import VIOLATES
from safesweep.vlm import VisionLanguageModel
from safesweep.vlm.backends.openai import OpenAiVlm
from safesweep.vlm.errors import VlmMalformedError
from safesweep.vlm.questions import Choice
from safesweep.vlm.reply import Reply
from tests.safesweep.scorers.asking import Here, measured
from tests.safesweep.scorers.written import written
from tests.safesweep.vlm.chat_server import ChatServer

POLICIES = {"knives": "No blades.", "fire": "No flames."}
RED, BLUE, DARK = (np.full((8, 8, 3), colour, np.uint8) for colour in ((200, 0, 0), (0, 0, 200), (0, 0, 0)))
POOL = {"model": str(WEIGHTS / "vlm")}


def judged(**options):
    return written("judge", **{"policies": POLICIES, "vlm": POOL, **options})


class Weighing:
    """Gives the weights of a script, one a question; where there is none, a text."""

    def __init__(self, script):
        self.script = list(script)

    def check(self, question):
        assert isinstance(question, Choice)

    def answer(self, pictures, questions):
        given = self.script.pop(0)
        if isinstance(given, str):
            return [given]
        return [Reply("Yes", weights=dict(zip(questions[0].answers, given, strict=True)))]


def test_each_policy_is_a_question_of_its_own_and_a_measurement():
    client = Here(Weighing([(0.2, 0.1, 0.5, 0.1), (0.4, 0.2, 0.1, 0.0)]))
    [row] = judged().load(client).score([RED], [""])
    assert client.asked == [VIOLATES.format(policy=text) for text in POLICIES.values()]
    assert [question.answers for question in client.asked] == [("Yes", "yes", "No", "no")] * 2
    found = {m.label: m.score for m in row}
    assert found == pytest.approx({"unsafe": 6 / 7, "knives": 0.3 / 0.9, "fire": 0.6 / 0.7, "mass": 0.7})


@pytest.mark.parametrize(
    ("second", "why"),
    [
        ((0.1, 0.1, 0.1, 0.1), "hold 0.4 of its probability, less than least_mass 0.5"),
        ((0.0, 0.0, 0.0, 0.0), "hold 0 of its probability"),
        ("I cannot tell.", "gave no probabilities but wrote 'I cannot tell.'"),
    ],
)
def test_a_picture_is_unscored_where_one_policy_is(second, why):
    sure = (0.9, 0.0, 0.1, 0.0)
    found = measured(judged(), Weighing([sure, second, sure, sure]), [RED, BLUE])
    assert isinstance(found[0], ValueError) and why in str(found[0])
    assert found[1]["unsafe"] == pytest.approx(0.9)


def test_least_mass_is_an_option_and_nothing_is_never_enough():
    faint, none = (0.01, 0.0, 0.03, 0.0), (0.0, 0.0, 0.0, 0.0)
    found = measured(judged(least_mass=0), Weighing([faint, faint, faint, none]), [RED, BLUE])
    assert found[0]["knives"] == pytest.approx(0.25) and isinstance(found[1], ValueError)


def test_a_model_in_a_pool_is_weighed():
    found = measured(judged(least_mass=0), VisionLanguageModel.load(POOL["model"]), [RED, BLUE])
    assert all(0 < row[name] < 1 for row in found for name in ("unsafe", "knives", "fire"))
    assert found[0]["unsafe"] == max(found[0]["knives"], found[0]["fire"]) and found[0] != found[1]


@pytest.fixture
def server():
    def answer(picture, question):
        if picture.mean() < 10:
            return json.dumps({"violated": ["guns"], "rationale": "dark"})
        return json.dumps({"violated": ["fire"] if picture[..., 0].mean() > 100 else [], "rationale": "seen"})

    server = ChatServer(answer, model="guard")
    yield server
    server.close()


def test_an_endpoint_answers_all_policies_in_one_schema(server):
    vlm = OpenAiVlm(model="guard", url=server.url, timeout_s=5, tries=2, revision="7b", structured=True)
    settings = judged(vlm=vlm)
    vlm.check(settings.questions())
    found = measure(load_scorer(settings), [RED, BLUE, DARK], [""] * 3)
    scores = [{m["label"]: m["score"] for m in row["measurements"]} for row in found]
    assert [(row["unsafe"], row["knives"], row["fire"]) for row in scores[:2]] == [(1, 0, 1), (0, 0, 0)]
    assert found[2]["error"].startswith("VlmMalformedError: the answer names 'guns', which was not asked for")
    schema = server.bodies[0]["response_format"]["json_schema"]["schema"]["properties"]
    assert schema["violated"]["items"]["enum"] == list(POLICIES)
    asked = server.bodies[0]["messages"][-1]["content"][1]["text"]
    assert "- knives: No blades.\n- fire: No flames." in asked and '{"violated": [' in asked
    assert found[0]["model"].startswith("openai:guard@7b (policies ") and "likelihood" not in found[0]["model"]


@pytest.mark.parametrize(
    "answer", ["", "fire", '{"violated": "fire", "rationale": ""}', '{"violated": ["guns"], "rationale": ""}', "[]"]
)
def test_a_listing_of_another_form_is_an_error(answer):
    with pytest.raises(VlmMalformedError):
        judged(by="answer").measure([answer])


def test_the_name_tells_policies_and_the_way_of_asking():
    ids = [judged(**more).model_id() for more in ({}, {"by": "answer"}, {"policies": {**POLICIES, "fire": "No fire."}})]
    assert len(set(ids)) == 3 and ids[0].endswith(", by likelihood)") and "(policies " in ids[1]
    assert "(" not in written("judge", vlm=POOL).model_id()


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"question": "Safe?"}, "question and policies are both set; allowed: one of them"),
        ({"policies": {}, "by": "likelihood"}, "by: likelihood is for policies"),
        ({"policies": {"unsafe": "x"}}, "'unsafe' is no name of a policy"),
        ({"policies": {"a: b": "x"}}, "'a: b' is no name of a policy"),
        ({"policies": {"fire": "  "}}, "fire: the policy is empty"),
        ({"policies": {"fire": "no.txt"}}, "policies.fire: no.txt: no such file"),
        ({"vlm": {**POOL, "mode": "score"}}, "vlm.mode: a judge writes its verdict; allowed: generate"),
        (
            {"vlm": {"backend": "openai", "model": "m", "url": "http://x/v1"}, "by": "likelihood"},
            "by: likelihood needs the model's own probabilities, which vlm.backend openai does not give; allowed: answer",
        ),
        ({"by": "guess"}, "by"),
        ({"least_mass": 1.5}, "least_mass"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_a_run(options, why):
    with pytest.raises(InputError, match=why):
        judged(**options).check()


def test_files_hold_policies(tmp_path):
    (tmp_path / "fire.md").write_text("No flames at all.\n")
    [question] = judged(policies={"fire": str(tmp_path / "fire.md")}).questions()
    assert question == VIOLATES.format(policy="No flames at all.")
