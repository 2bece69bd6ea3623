"""The command line that all jobs share: presets, options, help, exit codes. Free of Ray and torch."""
