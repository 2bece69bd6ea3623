"""The canary: a few pinned prompts and seeds, drawn without guidance, VLM or scorers. It tells why pictures moved.

Two models draw: the one under test, and a reference that no change of the one under test touches. `drift` compares two nights' canaries,
`pipelines.canary` draws one.
"""

import hashlib
from pathlib import Path
from typing import Literal, NamedTuple

from pydantic import AliasChoices, ConfigDict, Field

from safesweep.files import make_folder
from safesweep.lake.pictures import png
from safesweep.settings import Section
from safesweep.types import Picture

Role = Literal["model", "reference"]
PictureKey = tuple[Role, str, int]
"""Role, prompt and seed."""


class CanaryPicture(Section):
    """One picture of the canary."""

    role: Role
    prompt: str
    seed: int
    latents: str
    """SHA-256 of the initial noise; when it moves, the noise generator did."""
    picture: str
    """SHA-256 of the pixels."""
    file: str
    """PNG, relative to the suite's folder."""

    @property
    def key(self) -> PictureKey:
        """What two nights' pictures have in common when they are to be compared."""
        return self.role, self.prompt, self.seed


class Canary(Section):
    """A night's pictures and what they were made with."""

    # Nights on record have the pictures under the key "shots".
    model_config = ConfigDict(serialize_by_alias=True)
    pictures: tuple[CanaryPicture, ...] = Field(
        validation_alias=AliasChoices("shots", "pictures"), serialization_alias="shots"
    )
    digests: dict[Role, str]
    environment: dict[str, str]
    """Library versions, device, CPU, threads, code."""
    settings: str
    """Steps, guidance scale, size, dtype and the like: canaries with others cannot be compared."""


class DrawnPicture(NamedTuple):
    """One picture before it is written."""

    latents: str
    """SHA-256 of the initial noise."""
    pixels: Picture


class Drawn(NamedTuple):
    """What drawing gives; ``digests``, ``environment`` and ``settings`` as in `Canary`."""

    pictures: dict[PictureKey, DrawnPicture]
    digests: dict[Role, str]
    environment: dict[str, str]
    settings: str


def keep(drawn: Drawn, folder: Path, name: str) -> Canary:
    """Writes the pictures to ``<folder>/canary/<name>/`` and returns the record."""
    where = folder / "canary" / name
    make_folder(where)
    kept = []
    for index, ((role, prompt, seed), picture) in enumerate(drawn.pictures.items()):
        file = where / f"{index:02}-{role}.png"
        file.write_bytes(png(picture.pixels))
        kept.append(
            CanaryPicture(
                role=role,
                prompt=prompt,
                seed=seed,
                latents=picture.latents,
                picture=hashlib.sha256(picture.pixels.tobytes()).hexdigest(),
                file=str(file.relative_to(folder)),
            )
        )
    return Canary(pictures=tuple(kept), digests=drawn.digests, environment=drawn.environment, settings=drawn.settings)
