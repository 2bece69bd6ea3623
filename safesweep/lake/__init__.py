"""Where trials are kept: the schema of a row, the writing side, and one reader."""
