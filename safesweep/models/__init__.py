"""Diffusion model families behind one abstract base: checkpoints, text encoders, schedulers as solver tables.

A new family is one new file and one line here.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safesweep.errors import InputError
from safesweep.models.checkpoint import ModelFolder, model_folder, require_components
from safesweep.registry import Registry

if TYPE_CHECKING:  # a checkpoint is checked, and its digest taken, without waiting for torch
    from safesweep.models.base import DiffusionModel

FAMILIES: "Registry[type[DiffusionModel]]" = Registry(
    "pipeline",
    {
        "StableDiffusionPipeline": "safesweep.models.stable_diffusion:StableDiffusion",
        "StableDiffusionPipelineSafe": "safesweep.models.stable_diffusion:StableDiffusion",
        "StableDiffusionXLPipeline": "safesweep.models.sdxl:StableDiffusionXL",
        "StableDiffusion3Pipeline": "safesweep.models.sd3:StableDiffusion3",
        "FluxPipeline": "safesweep.models.flux:Flux",
        "QwenImagePipeline": "safesweep.models.qwen_image:QwenImage",
        "ZImagePipeline": "safesweep.models.z_image:ZImage",
    },
)
"""Class that a checkpoint's ``model_index.json`` names -> family. Methods, not the checkpoint, say how pictures are guided, so that several
classes may belong to one family."""


def check_pipeline(path: str, revision: str | None = None) -> None:
    """Checks that a diffusers pipeline on this machine has every component that its family needs, and that they fit together.

    Raises ``InputError`` naming the folder and the component, and for a hub id the command that fetches what is missing.
    """
    folder, index, family = _checkpoint(path, revision)
    require_components(folder, index, family.COMPONENTS)
    family.check(folder, index)


def check_solvers(
    path: str, revision: str | None, solvers: Iterable[tuple[str, int]], sizes: Iterable[tuple[int, int]]
) -> dict[tuple[str, int, int, int], tuple[float, ...]]:
    """The noise levels of a picture's network evaluations (``SolverTable``) for each of ``solvers`` (scheduler class, inference steps) at
    each of ``sizes``, with the checkpoint's own config.

    ``sizes``: (width, height) of the pictures, pixels. The pipeline must have passed ``check_pipeline``. Raises ``InputError`` naming the
    config, the class and the steps that cannot be, or the size.
    """
    from safesweep.models.probe import UnsupportedSchedulerError

    folder, _, family = _checkpoint(path, revision)
    wanted = list(dict.fromkeys(sizes))
    for size in wanted:
        if any(side % family.SIDE for side in size):
            width, height = size
            raise InputError(
                f"{folder.path}: pictures of {width} × {height} pixels; allowed: multiples of {family.SIDE} (width and "
                "height; size_multiple rounds the sizes that prompt rows ask for)"
            )
    levels: dict[tuple[str, int, int, int], tuple[float, ...]] = {}
    for solver, steps in dict.fromkeys(solvers):
        for width, height in wanted:
            told_by = (width, height) if family.TABLES_BY_SIZE else wanted[0]
            try:
                if (solver, steps, *told_by) not in levels:
                    levels[solver, steps, *told_by] = family.table(folder, solver, steps, *told_by).levels
            except UnsupportedSchedulerError as error:
                raise InputError(f"{folder.path}/scheduler/scheduler_config.json: {error}") from error
            levels[solver, steps, width, height] = levels[solver, steps, *told_by]
    return levels


def family_of(path: str, revision: str | None = None) -> "type[DiffusionModel]":
    """The family of a checkpoint, a folder or a hub id that is on this machine. Raises ``InputError``."""
    return _checkpoint(path, revision)[2]


def check_text_tokens(path: str, revision: str | None, text_tokens: int | None) -> None:
    """Checks that a number of text tokens is chosen only where the family has one. Raises ``InputError``."""
    if text_tokens is not None and family_of(path, revision).TEXT_TOKENS is None:
        raise InputError(
            f"text_tokens: found {text_tokens}; allowed: none (texts of {path} have the length that their encoder gives)"
        )


def check_embedded(path: str, revision: str | None, scales: Iterable[float | None]) -> None:
    """Checks that the cells of a run name a guidance scale for the network to take exactly where it takes one.

    The pipeline must have passed ``check_pipeline``. Raises ``InputError``.
    """
    folder, _, family = _checkpoint(path, revision)
    takes = family.takes_guidance(folder)
    for scale in scales:
        if takes and scale is None:
            raise InputError(
                f"embedded_guidance: is missing; the network of {folder.path} takes a guidance scale as an input, 3.5 in its pipeline"
            )
        if scale is not None and not takes:
            raise InputError(
                f"embedded_guidance: found {scale:g}; allowed: none (the network of {folder.path} takes no guidance scale)"
            )


def load(
    path: str,
    device: str = "cpu",
    dtype: str = "float32",
    revision: str | None = None,
    *,
    preview_decoder: str | None = None,
    autocast: str | None = None,
    compile_mode: str | None = None,
    text_tokens: int | None = None,
) -> "DiffusionModel":
    """From a local folder or a hub id; the family is that of the pipeline that ``model_index.json`` names.

    ``preview_decoder``: folder or hub id of a tiny autoencoder for previews only; finished pictures always go through the pipeline's own.
    ``autocast``: run the network's matrix products in this type while its weights stay in ``dtype``.
    ``compile_mode``: hand the network to ``torch.compile`` in this mode; the engine's few batch sizes keep recompiles few.
    ``text_tokens``: the pipeline's ``max_sequence_length``, where the family has one.

    Raises ``OSError`` when the folder or the hub's answer is not a pipeline, ``InputError`` when it is one of another family.
    """
    return _family(_pipeline_named(path, revision), path).load(
        path,
        device,
        dtype,
        revision,
        preview_decoder=preview_decoder,
        autocast=autocast,
        compile_mode=compile_mode,
        text_tokens=text_tokens,
    )


def _checkpoint(path: str, revision: str | None) -> "tuple[ModelFolder, dict[str, Any], type[DiffusionModel]]":
    """A checkpoint's folder, its ``model_index.json`` and its family."""
    folder = model_folder(path, revision)
    folder.require("model_index.json", "the pipeline's index")
    index = folder.read("model_index.json")
    return folder, index, _family(str(index.get("_class_name")), str(folder.path))


def _pipeline_named(path: str, revision: str | None) -> str:
    """The pipeline's class by a folder's ``model_index.json``, or by the hub's."""
    index = Path(path) / "model_index.json"
    if index.is_file():  # read here: importing diffusers takes six seconds, and a family need not be of its pipelines
        return str(ModelFolder(Path(path)).read(index.name).get("_class_name"))
    from diffusers import DiffusionPipeline

    return str(DiffusionPipeline.load_config(path, revision=revision).get("_class_name"))


def _family(named: str, where: str) -> "type[DiffusionModel]":
    return FAMILIES.get(named, f"{where}: model_index.json names the pipeline {named!r}")
