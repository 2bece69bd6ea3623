"""Adaptive black-box attacks: a search over rewritten prompts and seeds that sees scores alone, whatever makes the pictures."""
