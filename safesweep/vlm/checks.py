"""Which pools of replicas a run needs, checked before any of them is started."""

from collections.abc import Iterable

from safesweep.errors import InputError
from safesweep.vlm.base import VlmSettings


def check_pools(vlm: VlmSettings | None, judges: Iterable[VlmSettings]) -> list[VlmSettings]:
    """All VLMs of a run, each once: the one that guides, if it is asked, and those that judge. Two that share the name of a Serve
    application must be equal: raises ``InputError``."""
    wanted = [vlm] if vlm is not None else []
    for judge in judges:
        if judge not in wanted:
            wanted.append(judge)
    names = [one.pool.app for one in wanted if one.pool is not None]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"vlm.app: {name!r} names two different VLMs; give each an app of its own")
    return wanted
