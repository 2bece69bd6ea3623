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
repeats   the name of a trial that repeats a picture
finished  a run whose manifest names its files
streaming rows that stream into new files; row_digest knows them again, copies says which stand elsewhere, too
compact   many files become few
check     what is missing, damaged, double or left over, and its repair
merge     shards become one run; same_config says whether they are
reader    the reading side, the only place that opens parquet for numbers; sql has its small words
"""
