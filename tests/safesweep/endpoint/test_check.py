"""What cannot be tried on a service of which only the API is seen is refused by name."""

import pytest

from safesweep.endpoint.check import check_cells
from safesweep.errors import InputError
from tests.safesweep.tiny import cell


@pytest.mark.parametrize("method", ["static_negative", "dynamic_negative", "sld", "perp_neg", "negative_prompt"])
def test_guidance_is_refused_by_name(method):
    with pytest.raises(InputError, match=f"method '{method}' guides the network's steps"):
        check_cells([cell("none"), cell(method)])


def test_prompts_as_they_are_pass_and_edits_of_embeddings_do_not():
    check_cells([cell("none")])
    edited = cell("none").model_validate({**cell("none").model_dump(), "edit": {"edit": "safree"}})
    with pytest.raises(InputError, match="edit 'safree' works on text embeddings, which an API does not take"):
        check_cells([edited])
    with pytest.raises(InputError, match="embedded_guidance is an input"):
        check_cells([cell("none").model_copy(update={"embedded_guidance": 3.5})])
