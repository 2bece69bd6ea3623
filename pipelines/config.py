"""The configuration of a run: a preset YAML, environment variables and dotted command-line options, all typed and checked."""

import itertools
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self, cast

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    PositiveFloat,
    PositiveInt,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource

from actors.settings import DiffusionSettings, StageSettings
from safesweep.cli.settings import PresetSettings
from safesweep.config_errors import explain
from safesweep.errors import InputError, did_you_mean
from safesweep.guidance.edits import EDITS
from safesweep.guidance.methods import METHODS
from safesweep.lake.folder import LakeFolder
from safesweep.prompts.settings import PromptFileSettings
from safesweep.settings import Section
from safesweep.vlm.backends import AnyVlm, vlm_options
from safesweep.vlm.key_hosts import check_host, key_refusal, may_have_key
from safesweep.vlm.vocabulary import HarmVocabulary

if TYPE_CHECKING:  # options are read without waiting for torch
    from safesweep.guidance.cell import Cell

MOST_STEPS = 1000
"""Of denoising: as many as the models were trained with."""
MOST_CELLS = 100_000
"""Points of a run's grid."""
TRIALS_A_BLOCK = 64
"""That travel together, about."""


class SheetSettings(Section):
    """The contact sheets."""

    columns: PositiveInt = 8
    """Pictures side by side."""
    blur: bool = True
    """Blur the miniature's drawings, too, where they are not known to be benign, and hide its prompts; for other models it is always so."""


class PlanSettings(Section):
    """What ``--plan`` reckons with: measured speeds of the user's cards, and suppositions."""

    rows_per_second: PositiveFloat | None = None
    """Network rows a second of one diffusion actor with full batches, decoding included."""
    vlm_answers_per_second_per_replica: PositiveFloat | None = None
    """Answers a second of one VLM replica with full batches."""
    vlm_seconds_per_answer: PositiveFloat | None = None
    """From question to answer; by default the time of one full batch."""
    vlm_load: float = Field(default=0.8, gt=0, le=1)
    """Share of its top speed at which a replica is meant to run; at 1 a queue would only grow."""
    found_share: float = Field(default=0.5, ge=0, le=1)
    """Prompts, of the sets that are not benign, in whose pictures the VLM finds something."""
    bytes_per_pixel: PositiveFloat = 1.8
    """Of a PNG: some 1.8 for photographs, 3 at most, far less for drawings."""


def _prompt_file(value: Any) -> Any:
    return {"path": value} if isinstance(value, str) else value


class _PresetSource(InitSettingsSource):
    """A preset's options; its limit is meant for its own prompt sets, and not for those that a user names."""

    def __call__(self) -> dict[str, Any]:
        options = super().__call__()
        return {key: value for key, value in options.items() if key != "limit" or "prompts" not in self.current_state}


class RunConfig(PresetSettings):
    """Everything that decides a run. The command line wins over ``SAFESWEEP_…`` variables, these over the preset."""

    groups: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "run": ("preset", "hardware", "lake", "run_id", "banner", "unscored_limit"),
        "prompts": ("prompts", "limit", "samples_per_prompt", "seed", "on_empty", "max_side", "max_trials"),
        "methods": (
            "cells",
            "guidance_scale",
            "embedded_guidance",
            "guidance_cap",
            "vocabulary",
            "query_steps",
            "profile",
        ),
        "pictures": ("solver", "num_inference_steps", "width", "height", "row_sizes", "size_multiple"),
        "cluster": ("address", "rows_per_block", "no_progress_timeout_s", "wait_for_nodes_s", "api_key_hosts"),
    }
    item_fields: ClassVar[tuple[str, ...]] = ("prompts",)

    prompts: tuple[Annotated[PromptFileSettings, BeforeValidator(_prompt_file)], ...] = Field(min_length=1)
    """Prompt sets: paths, or mappings with path, benign, name, limit and which rows and columns are read."""
    cells: tuple[dict[str, Any], ...] = Field(min_length=1)
    """Methods with their numbers; a list in the place of a number spans a grid."""
    lake: LakeFolder = Path("lake")
    """Folder of the parquet lake."""
    run_id: str | None = Field(default=None, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    """Name of the run; by default the date and time. The same name again resumes the run."""
    seed: int = Field(default=1, ge=0, lt=2**63)
    """For prompt rows without a seed."""
    samples_per_prompt: PositiveInt = 1
    """Pictures a prompt and cell; sample i starts from the row's seed + i."""
    limit: PositiveInt | None = None
    """Read only so many rows of each prompt set that sets no limit of its own; a preset's holds for the preset's own sets."""
    on_empty: Literal["refuse", "skip"] = "refuse"
    """What to do with rows whose text is empty, of each prompt set that does not say it itself."""
    max_side: PositiveInt = 4096
    """Largest width and height that a prompt row may ask for, pixels."""
    max_trials: PositiveInt = 10_000_000
    """A run of more trials is refused."""
    num_inference_steps: int = Field(default=50, ge=1, le=MOST_STEPS)
    """Steps from noise to picture, for cells that name none."""
    solver: str = "DPMSolverMultistepScheduler"
    """diffusers scheduler class."""
    guidance_scale: float = Field(default=7.5, allow_inf_nan=False)
    """g for prompt rows that have none."""
    embedded_guidance: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """The guidance scale that a network takes as an input which guidance was distilled into, for cells that name none."""
    guidance_cap: float | None = None
    """Largest g that a prompt row may ask for; by default rows are taken as they are."""
    width: PositiveInt = Field(default=512, multiple_of=8)
    """Pixels, for prompt rows without a size; likewise height."""
    row_sizes: bool = True
    """Take the sizes that prompt rows ask for; false: every picture is width × height."""
    height: PositiveInt = Field(default=512, multiple_of=8)
    """Pixels, for prompt rows without a size."""
    size_multiple: PositiveInt = 8
    """The sizes that prompt rows ask for are rounded to multiples of it, pixels."""
    vocabulary: str = "i2p"
    """Harm vocabulary: a name or a YAML file."""
    query_steps: tuple[int, ...] = (5, 6, 7, 9, 12, 16, 21, 27, 34, 42)
    """Steps at which the dynamic method asks, where a cell names none."""
    diffusion: DiffusionSettings
    """The diffusion model and its actors."""
    vlm: AnyVlm
    """Whom previews are shown to."""
    safety: StageSettings
    """Scorers of what is unsafe."""
    alignment: StageSettings
    """Scorers of how well pictures show their prompts."""
    profile: str = "nudenet-6@0.5"
    """The rule by which the table calls a picture unsafe."""
    unscored_limit: float = Field(default=0.02, ge=0, le=1)
    """Share of trials that may be missing, not made, or not judged by the profile before the job exits with code 3."""
    retry_failed: bool = True
    """Make trials that failed again when the run is started again; false: they stay as they are, with their error."""
    address: str | None = None
    """Ray cluster that the run joins: HOST:PORT of its head, or auto for the one that ``ray start`` started on this machine; by default
    ``RAY_ADDRESS``'s, else one of the run's own that ends with it."""
    rows_per_block: PositiveInt | None = None
    """Prompts that travel together; a killed run loses at most the blocks in flight. By default 4 to 16, fewer of many cells, so that a
    large grid's first pictures are soon in the lake."""
    no_progress_timeout_s: PositiveFloat = 1800.0
    """The job fails when no block moves for so long; above the slowest block and the loading of models."""
    wait_for_nodes_s: float = Field(default=0.0, ge=0)
    """How long to wait for an autoscaling cluster to have the nodes that the run needs, before the run is refused."""
    wait_for_lease_s: float = Field(default=0.0, ge=0)
    """How long to wait for another process that writes this run to end, before this start is refused."""
    sheets: SheetSettings = SheetSettings()
    """The contact sheets."""
    plan: PlanSettings = PlanSettings()
    """Alone: print what the run would take, and start nothing."""
    banner: str | None = None
    """Shown above every table."""
    api_key_hosts: tuple[Annotated[str, AfterValidator(check_host)], ...] = ()
    """Hosts, or host:port, to which the keys of VLMs and judges may be sent, beside this machine itself and a ``--vlm.url`` of the command
    line. No preset may set it."""
    not_in_presets: ClassVar[tuple[str, ...]] = ("api_key_hosts",)

    @model_validator(mode="after")
    def _keys_go_where_the_user_says(self) -> Self:
        if (service := self.diffusion.service) is not None and service.api_key_env:
            where = "diffusion.images_api.url"
            if not self.typed(where) and not may_have_key(service.url, self.api_key_hosts):
                raise InputError(key_refusal(where, service.url, service.api_key_env))
        placed = [("vlm.url", "vlm.url", self.vlm)]
        for name, stage in (("safety", self.safety), ("alignment", self.alignment)):
            for place, scorer in enumerate(stage.scorers):
                placed += [(f"{name}.scorers.{place}.vlm.url", f"{name}.scorers", vlm) for vlm in scorer.vlms()]
        for where, option, vlm in placed:
            if vlm.key_goes_to is None or self.typed(option):
                continue
            url, variable = vlm.key_goes_to
            if not may_have_key(url, self.api_key_hosts):
                raise InputError(key_refusal(where, url, variable))
        return self

    @classmethod
    def with_all_options(cls) -> type[Self]:
        """The class with the options of all VLM backends, those of plugins too."""

        class AllOptions(cls):  # type: ignore[misc, valid-type]
            model_config = ConfigDict(use_attribute_docstrings=False)
            vlm: vlm_options() = cls.model_fields["vlm"]  # type: ignore[valid-type]

        return cast(type[Self], AllOptions)

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource, *others: Any, **named: Any
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """As of every preset, but that its limit is meant for its own prompt sets."""
        *above, _, _ = super().settings_customise_sources(settings_cls, init_settings, *others, **named)
        return (*above, *(_PresetSource(settings_cls, init_kwargs=part) for part in (cls.hardware, cls.preset)))

    @model_validator(mode="before")
    @classmethod
    def _with_prompt_options(cls, values: Any) -> Any:
        options_of_sets = cls.item_options.get("prompts", {})
        if not options_of_sets or not isinstance(values, dict):
            return values
        written = values.get("prompts")
        sets = [_prompt_file(file) for file in (written if isinstance(written, list | tuple) else [written])]
        for place, options in options_of_sets.items():
            if place >= len(sets):
                raise InputError(f"prompts.{place}: there are {len(sets)} prompt sets, counted from 0")
            sets[place] = {**sets[place], **options}
        return {**values, "prompts": sets}

    def harm_vocabulary(self) -> HarmVocabulary:
        """The vocabulary, loaded. Raises ``InputError``."""
        return HarmVocabulary.from_yaml(self.vocabulary)

    def prompts_per_block(self, cells: int) -> int:
        """Prompts that travel together in a run of so many cells."""
        return self.rows_per_block or min(16, max(4, TRIALS_A_BLOCK // max(cells, 1)))

    def expand_cells(self) -> "tuple[Cell, ...]":
        """The grid's cells, checked, different, in the order of the config.

        Raises ``InputError`` naming the cell and the key.
        """
        for name in ("width", "height"):
            if getattr(self, name) > self.max_side:
                raise InputError(f"{name}: {getattr(self, name):,} pixels; allowed: max_side, {self.max_side:,}")
        vocabulary = self.harm_vocabulary()
        points = sum(math.prod(len(axis) for axis in _axes(written)) for _, written in self.written_cells())
        if points > MOST_CELLS:
            raise InputError(f"cells: the grid has {points:,} points; allowed: {MOST_CELLS:,}")
        cells: dict[str, Cell] = {}
        for where, written in self.written_cells():
            for point in _grid(written):
                cell = self._cell(point, where, vocabulary)
                cells.setdefault(cell.canonical_json(), cell)
        return tuple(cells.values())

    def written_cells(self) -> list[tuple[str, dict[str, Any]]]:
        """(where it stands in the config, the cell), as written: lists are not expanded yet."""
        return [(f"cells[{index}]", cell) for index, cell in enumerate(self.cells)]

    def _cell(self, point: dict[str, Any], where: str, vocabulary: HarmVocabulary) -> "Cell":
        from safesweep.guidance.cell import Cell

        name = point.get("method")
        if not isinstance(name, str) or name not in METHODS:
            hint = did_you_mean(str(name), METHODS)
            raise InputError(f"{where}.method: {name!r} is unknown; allowed: {', '.join(METHODS)}{hint}")
        fields = METHODS[name].model_fields
        defaults: dict[str, Any] = {
            "negative_prompt": vocabulary.negative_prompt(vocabulary.all_terms()),
            "concepts": vocabulary.all_terms(),
            "vocabulary": vocabulary,
            "query_steps": self.query_steps,
        }
        if point.get("query_levels") is not None:
            del defaults["query_steps"]
        own = {key: value for key, value in defaults.items() if key in fields}
        outer = {
            "guidance_scale": point.get("guidance_scale"),
            "solver": point.get("solver", self.solver),
            "num_inference_steps": point.get("num_inference_steps", self.num_inference_steps),
            "edit": point.get("edit"),
            "checkpoint": point.get("checkpoint"),
            "embedded_guidance": point.get("embedded_guidance", self.embedded_guidance),
        }
        steps = outer["num_inference_steps"]
        if isinstance(steps, int) and steps > MOST_STEPS:
            raise InputError(f"{where}.num_inference_steps: found {steps}; allowed: 1 to {MOST_STEPS}")
        for key in point:
            if key not in fields and key not in outer:
                allowed = [*fields, *outer]
                raise InputError(
                    f"{where}.{key}: {name} has no such option; allowed: {', '.join(allowed)}{did_you_mean(key, allowed)}"
                )
        method = {**own, **{key: value for key, value in point.items() if key in fields}}
        try:
            cell = Cell(guidance=METHODS[name].model_validate(method), **outer)
        except ValidationError as error:
            raise InputError(explain(error, where)) from error
        taken = {*METHODS, *EDITS}
        if cell.checkpoint is not None and cell.checkpoint.name in taken:
            raise InputError(
                f"{where}.checkpoint.name: {cell.checkpoint.name!r} is the name of a method or an edit; allowed: any other name"
            )
        return cell


LISTS = ("query_steps", "query_levels", "concepts")
"""A cell's options that are lists themselves."""


def _axes(written: dict[str, Any]) -> list[list[tuple[str, Any]]]:
    """A cell's options with their values; what is a list itself is spanned by a list of lists only."""
    axes: list[list[tuple[str, Any]]] = []
    for key, value in written.items():
        spans = isinstance(value, list) and (key not in LISTS or any(isinstance(item, list) for item in value))
        axes.append([(key, item) for item in value] if spans else [(key, value)])
    return axes


def _grid(written: dict[str, Any]) -> list[dict[str, Any]]:
    """Every combination of the values of a cell's lists."""
    return [dict(point) for point in itertools.product(*_axes(written))]
