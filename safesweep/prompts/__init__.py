"""Prompt files of every format as their authors publish them, read into prompts.

reader    one file → its prompts and a report; the only door
report    what reading a file came to
columns   what the columns of published sets are called
values    what a file's values mean: texts, numbers, ids, categories
source    a file at hand, wherever it was: local, or fetched from a URL
formats   one file a format: bytes in, a table of values out, no meaning attached
"""
