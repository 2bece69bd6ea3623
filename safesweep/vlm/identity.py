"""What a VLM's answers and a scorer's numbers depend on, as short strings for trial ids, evidence and the manifest.

Nothing is loaded: files are hashed.
"""

import hashlib
import json
from collections.abc import Callable

from safesweep.models.checkpoint import digest
from safesweep.vlm.examples import examples_digest
from safesweep.vlm.settings import VlmSettings

DigestOf = Callable[[str, str | None], str]


def vlm_model(settings: VlmSettings, digest_of: DigestOf = digest) -> str:
    """The weights behind the VLM: "folder@digest", or "name@revision" as an endpoint's user states it.

    Raises ``InputError`` for a model that is not on this machine.
    """
    if settings.backend == "openai":
        return f"openai:{settings.model}@{settings.revision or 'unpinned'}"
    return f"{settings.model}@{digest_of(settings.model, settings.revision)}"


def vlm_identity(settings: VlmSettings, digest_of: DigestOf = digest) -> str:
    """Content hash, 16 hexadecimal digits, of everything that decides the VLM's answers. Where the model runs, how many copies of
    it there are and how patiently it is asked is no part of it.

    Raises ``InputError`` for a model or an example that is not on this machine.
    """
    examples = [(one.picture, one.answer, one.question) for one in settings.examples]
    weights = digest_of(settings.model, settings.revision) if settings.backend != "openai" else vlm_model(settings)
    decides = {
        "weights": weights,
        "dtype": settings.dtype if settings.backend != "openai" else None,
        "mode": settings.mode,
        "max_new_tokens": settings.max_new_tokens,
        "picture_size": settings.picture_size,
        "processor_options": settings.processor_options,
        "examples": examples_digest(examples) if examples else None,
        "on_refusal": settings.on_refusal,
    }
    return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()[:16]
