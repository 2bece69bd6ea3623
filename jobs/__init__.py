"""What `ray job submit` starts: each file reads a config, calls one pipeline and prints a summary."""
