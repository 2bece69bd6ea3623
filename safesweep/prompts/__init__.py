"""Prompt files of every format as their authors publish them, read into prompts."""
