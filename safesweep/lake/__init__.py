"""Where trials are kept: the schema of a row, the writing side, and one reader.

schema    the columns of a trial, and how it travels between stages
pictures  pictures as bytes
evidence  what scorers measured, raw
layout    which files lie where
manifest  what a run was, and which files are its own
store     the writing side
reader    the reading side, the only place that opens parquet for numbers; sql has its small words
"""
