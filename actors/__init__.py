"""Stateful workers: thin Ray shells around a model or the engine."""
