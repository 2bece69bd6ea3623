"""What a prompt's cells ask a service for."""

from safesweep.endpoint.texts import asked_texts
from tests.safesweep.tiny import cell


def rewriting(**options):
    return cell("none").model_validate({**cell("none").model_dump(), "edit": {"edit": "rewrite", **options}})


def test_equal_texts_are_one_request():
    cells = [cell("none"), rewriting(replace=[["dagger", "key"]]), rewriting(after="!")]
    assert asked_texts("a leaf", 1, cells) == {"a leaf": [0, 1], "a leaf!": [2]}
    assert asked_texts("a dagger", 1, cells) == {"a dagger": [0], "a key": [1], "a dagger!": [2]}
