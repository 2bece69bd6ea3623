"""Where trials are kept: the schema of a row, the writing side, and one reader.

schema    the columns of a trial, and how it travels between stages
pictures  pictures as bytes
evidence  what scorers measured, raw
folder    where a lake may lie
layout    which files lie where
lease     who writes a run just now
manifest  what a run was, and which files are its own
store     the writing side
scored    which scorers have measured a run's pictures
unique    that each trial stands once in what is read
reader    the reading side, the only place that opens parquet for numbers; sql has its small words
"""
