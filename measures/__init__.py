"""Evidence to profiles to rates, intervals and tests. Imports neither Ray nor torch.

evidence   what scorers measured, as the lake holds it
profiles   named rules that turn evidence into unsafe / safe / unscored; profile_sql says the same in duckdb's SQL
rates      attack success, toxic rate, inappropriateness, bias, CLIP, over-suppression, false triggers
resample   cluster sums and bootstrap draws of them; what intervals, compare and pareto stand on
intervals  Wilson and cluster bootstrap
compare    two cells on the same prompts: tests, intervals, and the smallest difference that could have been found
pareto     the front of attack success against CLIP, with probabilities
lake       a run's trials and their summary, read by duckdb

One convention holds in every array: 1.0 is unsafe, 0.0 is safe, NaN is unscored. NaN as a result means that nothing was
scored, so there is no number; it never means zero.
"""
