"""Short forms of the benchmarks."""
