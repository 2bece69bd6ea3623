"""Where the prompts of an attack come from: which attack, and what it was made against. Elsewhere they are a transfer attack."""

import json
from collections.abc import Collection, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import ValidationError

from safesweep.config_errors import explain
from safesweep.errors import InputError
from safesweep.prompts.columns import normalised
from safesweep.prompts.formats.base import PromptTable
from safesweep.settings import Section

SIDECAR = ".attack.yaml"
"""What the name of a file beside a prompt file ends in: ``p4d.csv`` has ``p4d.csv.attack.yaml``."""
COLUMNS = {
    "method": "attack_method",
    "model": "attacked_model",
    "cell": "attacked_cell",
    "cell_digest": "attacked_cell_digest",
}
"""Field -> column of a file that ``safesweep attack`` has written, equal in every row."""
ACCESS = {
    "unlearndiffatk": "white-box",
    "p4d": "white-box",
    "ring-a-bell": "text encoder",
    "mma-diffusion": "text encoder",
    "safesweep": "black-box",
}
"""Published attack -> what it sees of the attacked model: gradients of its network, its text encoder alone, or scores of its pictures."""


class Attacked(Section):
    """What is known of the attack that a prompt set is of."""

    method: str
    """Which attack: UnlearnDiffAtk, P4D, Ring-A-Bell, MMA-Diffusion, safesweep, or any other name."""
    model: str | None = None
    """What was attacked: a model's name or hub id, better with its digest behind an @; None: not known."""
    cell: str | None = None
    """The defence that was attacked with it, by its name in that run; None: the model as it is."""
    cell_digest: str | None = None
    """Of that cell's content, as ``cell_digest`` gives it."""
    access: Literal["white-box", "text encoder", "black-box"] | None = None
    """What it sees of the model; by default what is known of ``method``."""

    def described(self) -> str:
        """In one line: "UnlearnDiffAtk (white-box) on CompVis/stable-diffusion-v1-4"."""
        access = self.access or ACCESS.get(self.method.casefold())
        against = " ".join(filter(None, [_short(self.model or "an unknown model"), self.cell and f"under {self.cell}"]))
        return f"{self.method}{f' ({access})' if access else ''} on {against}"

    def is_transfer(self, model: str, digest: str, checkpoint: bool) -> bool:
        """Whether pictures of a cell were made by something else than what was attacked.

        Args:
            model: of the run, "name@digest", as its manifest has it.
            digest: of the cell, as ``cell_digest`` gives it.
            checkpoint: whether the cell puts something on the model.
        """
        if self.model is None or not same_model(self.model, model):
            return True
        if self.cell_digest is not None:
            return self.cell_digest != digest
        return checkpoint


def same_model(one: str, other: str) -> bool:
    """Whether two models are one: by their digests ("name@digest") where both have one, else by their names without case."""
    (name, at, digest), (other_name, other_at, other_digest) = (text.partition("@") for text in (one, other))
    return digest == other_digest if at and other_at else name.casefold() == other_name.casefold()


def cell_digest(cell_json: str) -> str:
    """Names a cell by its content, "sha256:…", whatever the guidance scale is that a prompt's row has given it."""
    content = {key: value for key, value in json.loads(cell_json).items() if key != "guidance_scale"}
    return f"sha256:{sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()}"


def attacked_in(table: PromptTable, where: str) -> Attacked | None:
    """By the columns of a file; None for one without them. Raises ``InputError`` for prompts of several attacks."""
    names = [normalised(str(name)) for name in table.names]
    places = {field: names.index(column) for field, column in COLUMNS.items() if column in names}
    if "method" not in places:
        return None
    different: Collection[tuple[Any, ...]] = dict.fromkeys(map(tuple, table.rows(tuple(places.values()))))
    if len(different) != 1:
        raise InputError(
            f"{where}: columns {', '.join(COLUMNS[field] for field in places)} hold {len(different)} different attacks; allowed: one a file"
        )
    [values] = different
    written = {field: value or None for field, value in zip(places, values, strict=True)}
    return Attacked.model_validate(written) if written["method"] else None


def attacked_beside(path: str) -> Attacked | None:
    """By the file beside a local prompt file; None where there is none. Raises ``InputError`` for one that cannot be used."""
    sidecar = Path(f"{path}{SIDECAR}")
    if "://" in path or not sidecar.is_file():
        return None
    try:
        written = yaml.safe_load(sidecar.read_text(encoding="utf-8"))
        return Attacked.model_validate(written)
    except ValidationError as error:
        raise InputError(explain(error, str(sidecar))) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{sidecar}: is not YAML: {error}") from error


def attack_words(manifest: Mapping[str, Any], prompt_set: str, digest: str, checkpoint: bool) -> str | None:
    """For tables: how a set's prompts attack a cell of a run; None for a set of no attack.

    Args:
        manifest: of the run; its "attacked" is prompt set -> fields of `Attacked`.
        digest, checkpoint: of the cell, as ``Attacked.is_transfer`` has them.
    """
    written = (manifest.get("attacked") or {}).get(prompt_set)
    if written is None:
        return None
    attacked = Attacked.model_validate(written)
    model = (manifest.get("models") or {}).get("diffusion", "")
    kind = "transfer" if attacked.is_transfer(model, digest, checkpoint) else "attack on this very cell"
    return f"{kind}: {attacked.described()}"


def _short(model: str) -> str:
    name, at, digest = model.partition("@")
    return f"{name}{at}{digest[:19]}"
