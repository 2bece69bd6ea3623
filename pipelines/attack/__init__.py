"""Attacks on cells: searches in the driver, their pictures by the run's actors, every attempt a trial of the lake."""
