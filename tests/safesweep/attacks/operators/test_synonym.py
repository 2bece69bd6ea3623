"""What the model is told."""

from safesweep.attacks.operators.synonym import Synonym
from tests.safesweep.attacks.operators.test_asking import rewritten


def test_the_model_is_told_what_to_do():
    made, question = rewritten("another word", "synonym")
    assert question.startswith(Synonym.instruction) and made.text == "another word"
