"""The command line: typed settings whose fields are options, presets under them, help, and how a command ends."""
