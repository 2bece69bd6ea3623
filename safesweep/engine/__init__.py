"""Step-level batching of denoising trajectories, and what a prompt costs without running it."""
