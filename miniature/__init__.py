"""The embedded default: a small trained model family, the world it was trained on, and its weights."""

from pathlib import Path

WEIGHTS = Path(__file__).parent / "weights"
"""Folder with one sub-folder a model: diffusion, vlm, clip, classifier."""
