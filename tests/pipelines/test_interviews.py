"""pipelines/interviews.py: every VLM is asked its own questions and no other's, each once."""

from pipelines.command_line import read_config
from pipelines.interviews import interviews
from safesweep.scorers import parse_scorer
from safesweep.scorers.judge import QUESTION
from safesweep.vlm.vocabulary import HarmVocabulary

JUDGE = {"backend": "openai", "url": "http://127.0.0.1:9/v1", "model": "guard"}


def test_each_question_goes_once_to_whom_it_is_meant_for():
    config = read_config([])
    judges = [parse_scorer({"kind": "judge", "vlm": JUDGE, "name": name}) for name in ("one", "two")]
    own = parse_scorer({"kind": "judge", "vlm": JUDGE, "name": "three", "question": "Safe or unsafe?"})
    found = interviews(config.vlm, config.expand_cells(), [*config.safety.scorers, *judges, own])
    assert [(one.vlm, one.question) for one in found] == [
        (config.vlm, HarmVocabulary.from_yaml("miniature").question()),
        (judges[0].vlm, QUESTION),
        (own.vlm, "Safe or unsafe?"),
    ]
    assert found[1].read("unsafe")[0].score == 1.0 and found[0].read("nothing") == "nothing"
    assert [one.vlm for one in interviews(None, config.expand_cells(), [own])] == [own.vlm]
