"""What a run was made with: library versions, git revision, model digests."""

import platform
import subprocess
from importlib.metadata import version

from pipelines.config import RunConfig
from safesweep.files import ROOT
from safesweep.models.checkpoint import digest

LIBRARIES = (
    "ray",
    "torch",
    "diffusers",
    "transformers",
    "open_clip_torch",
    "nudenet",
    "onnxruntime",
    "pyarrow",
    "numpy",
)


def library_versions() -> dict[str, str]:
    """Library -> installed version, Python among them."""
    return {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}}


def git_revision() -> str:
    """The code's commit, with "+" when tracked files differ from it; "unknown" outside a checkout."""
    try:
        head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True)
        changed = subprocess.run(
            ["git", "status", "--porcelain", "--untracked-files=no"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return head.stdout.strip() + ("+" if changed.stdout.strip() else "")


def model_digests(config: RunConfig) -> dict[str, str]:
    """Role -> "model@digest" of every model of the run; of a scorer the SHA-256 of its weights."""
    service, model = config.diffusion.service, config.diffusion.model
    local = f"{model}@{digest(model, config.diffusion.revision)}" if service is None else ""
    found = {"diffusion": local if service is None else service.model_id()}
    cells = config.expand_cells()
    if any(cell.guidance.needs_vlm for cell in cells):
        found["vlm"] = config.vlm.model_id()
    for checkpoint in dict.fromkeys(cell.checkpoint for cell in cells):
        if checkpoint is not None:
            found[f"checkpoint {checkpoint.name} {checkpoint.label()}".rstrip()] = checkpoint.described()
    for scorer in (*config.safety.scorers, *config.alignment.scorers):
        found[scorer.evidence_name] = scorer.model_id()
    return found
