"""What can be checked about a VLM before any model is loaded. Everything raises ``InputError``."""

from collections.abc import Iterable

from safesweep.errors import InputError
from safesweep.models.checkpoint import check_transformers
from safesweep.vlm.endpoint import check_endpoint
from safesweep.vlm.examples import read_picture
from safesweep.vlm.settings import VlmSettings
from safesweep.vlm.vocabulary import vocabulary_asking


def check_vlm(settings: VlmSettings, questions: Iterable[str] = ()) -> None:
    """The model's files or the endpoint, the examples' pictures, and in score mode that every question is a vocabulary's."""
    for example in settings.examples:
        read_picture(example.picture)
    if settings.mode == "score":
        for question in questions:
            vocabulary_asking(question, settings.vocabularies)
    if settings.backend == "transformers":
        check_transformers(settings.model, "tokenizer_config.json", revision=settings.revision)
        return
    assert settings.url is not None
    check_endpoint(settings.url, settings.model, settings.api_key_env, min(settings.timeout_s, 10.0))


def check_pools(vlm: VlmSettings | None, judges: Iterable[VlmSettings]) -> list[VlmSettings]:
    """All VLMs of a run, each once: the one that guides, if it is asked, and those that judge. Two that share the name of a Serve
    application must be equal."""
    wanted = [vlm] if vlm is not None else []
    for judge in judges:
        if judge not in wanted:
            wanted.append(judge)
    names = [one.app for one in wanted if one.backend == "transformers"]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"vlm.app: {name!r} names two different VLMs; give each an app of its own")
    return wanted
