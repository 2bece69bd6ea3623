"""Trains the miniature: ``python -m miniature.training``. One module a model, each resumable, each with a fixed seed."""
