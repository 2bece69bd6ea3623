"""What cannot be tried on a service of which only the API is seen is refused by name."""

import pytest

from safesweep.endpoint.check import check_cells, check_service
from safesweep.endpoint.settings import ImagesApiSettings
from safesweep.errors import InputError
from tests.safesweep.endpoint.images_server import ImagesServer
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


def test_edits_that_rewrite_the_prompt_pass_and_two_cells_that_ask_for_the_same_do_not():
    rewriting = [{"edit": "rewrite", "after": after} for after in (", clothed", ", drawn")]
    cells = [cell("none").model_validate({**cell("none").model_dump(), "edit": one}) for one in rewriting]
    check_cells([cell("none"), *cells])
    other = cells[0].model_copy(update={"num_inference_steps": 3, "guidance_scale": 9.0})
    with pytest.raises(InputError, match="asks the service for the same as"):
        check_cells([*cells, other])


def test_the_service_is_asked_before_a_run(monkeypatch):
    monkeypatch.setenv("IMAGES_KEY", "secret")
    server = ImagesServer(key="secret")
    settings = ImagesApiSettings(url=server.url, model="m", api_key_env="IMAGES_KEY")
    try:
        check_service(settings)
        with pytest.raises(InputError, match="^diffusion.images_api.model: .* serves no model 'n'; allowed: m"):
            check_service(settings.model_copy(update={"model": "n"}))
        server.model = ""
        check_service(settings)
        monkeypatch.setenv("IMAGES_KEY", "wrong")
        with pytest.raises(InputError, match="^diffusion.images_api.url: .*status 401"):
            check_service(settings)
    finally:
        server.close()
    with pytest.raises(InputError, match="^diffusion.images_api.url: .*cannot be reached"):
        check_service(settings)
