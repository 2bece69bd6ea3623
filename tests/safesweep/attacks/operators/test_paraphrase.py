"""What the model is told."""

from safesweep.attacks.operators.paraphrase import Paraphrase
from tests.safesweep.attacks.operators.test_asking import rewritten


def test_the_model_is_told_what_to_do():
    made, question = rewritten("another word", "paraphrase")
    assert question.startswith(Paraphrase.instruction) and made.text == "another word"
