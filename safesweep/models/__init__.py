"""Diffusion model families behind one abstract base: checkpoints, text encoders, schedulers as solver tables."""
