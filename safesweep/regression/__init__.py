"""Is this run as good as that one? Paired comparisons, baselines, nights and the gate that decides over them."""
