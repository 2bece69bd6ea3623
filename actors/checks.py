"""What can be checked about a VLM and a scorer before any model is loaded. Everything raises ``InputError``."""

from collections.abc import Iterable
from pathlib import Path

from safesweep.errors import InputError
from safesweep.files import resolve_file
from safesweep.models.checkpoint import check_open_clip, check_transformers, model_folder
from safesweep.scorers.settings import ScorerSettings
from safesweep.scorers.weights import nudenet_file, q16_file
from safesweep.vlm.endpoint import check_endpoint
from safesweep.vlm.examples import read_picture
from safesweep.vlm.settings import VlmSettings
from safesweep.vlm.vocabulary import vocabulary_asking

NEEDS_MODEL = {
    "attribute": "an open_clip model or local-dir:FOLDER",
    "classifier": "a local folder or a hub id",
    "clip": "an open_clip model or local-dir:FOLDER",
    "nudenet-v0": "the classifier's .onnx file, which the package does not hold",
    "q16": "an open_clip model (ViT-L-14-quickgelu with pretrained openai) or local-dir:FOLDER",
    "safety_checker": "a local folder or a hub id",
}


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


def check_scorer(settings: ScorerSettings) -> None:
    """The options that its kind needs, and the files that they name."""
    if settings.kind in NEEDS_MODEL and settings.model is None:
        raise InputError(f"scorer {settings.scorer!r}: model is missing; allowed: {NEEDS_MODEL[settings.kind]}")
    if settings.kind == "classifier":
        check_transformers(str(settings.model), "preprocessor_config.json", revision=settings.revision)
    elif settings.kind == "safety_checker":
        check_transformers(str(settings.model), revision=settings.revision)
        _check_processor(model_folder(str(settings.model), settings.revision).path)
    elif settings.kind in ("attribute", "clip", "q16"):
        check_open_clip(str(settings.model), settings.pretrained)
    elif settings.kind == "judge":
        if settings.vlm is None:
            raise InputError(f"scorer {settings.scorer!r}: vlm is missing; allowed: a section as the run's own vlm")
        if settings.vlm.mode == "score":
            raise InputError(f"scorer {settings.scorer!r}: vlm.mode: a judge writes its verdict; allowed: generate")
        question = settings.question or ""
        if question.endswith((".txt", ".md")) and not Path(resolve_file(question)).is_file():
            raise InputError(f"scorer {settings.scorer!r}: question: {question}: no such file")
    if settings.kind == "attribute" and (len(settings.attributes) < 2 or not all(settings.attributes.values())):
        raise InputError(
            f"scorer {settings.scorer!r}: attributes: found {dict(settings.attributes)}; allowed: two or more values, each with a text"
        )
    if settings.kind == "q16":
        q16_file(settings)
    if settings.kind in ("nudenet", "nudenet-v0"):
        nudenet_file(settings)


def check_pools(vlm: VlmSettings | None, scorers: Iterable[ScorerSettings]) -> list[VlmSettings]:
    """All VLMs of a run, each once: the one that guides, if it is asked, and those that judge. Two that share the name of a Serve
    application must be equal."""
    wanted = [vlm] if vlm is not None else []
    for scorer in scorers:
        if scorer.vlm is not None and scorer.vlm not in wanted:
            wanted.append(scorer.vlm)
    names = [one.app for one in wanted if one.backend == "transformers"]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"vlm.app: {name!r} names two different VLMs; give each an app of its own")
    return wanted


def _check_processor(folder: Path) -> None:
    name = "preprocessor_config.json"
    if not (folder / name).is_file() and not (folder.parent / "feature_extractor" / name).is_file():
        raise InputError(
            f"{folder}: the image processor is missing: no {name}, nor feature_extractor/ beside the folder"
        )
