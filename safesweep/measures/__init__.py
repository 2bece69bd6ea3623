"""Evidence to profiles to rates, intervals and tests. Imports neither Ray nor torch.

profiles   named rules that turn evidence into unsafe / safe / unscored, and a refused trial is refused; profile_sql says the same in SQL
rates      attack success, toxic rate, inappropriateness, expected maximum
clip       CLIP scores, and what guidance costs benign prompts
deviation  the deviation ratio of social bias
trials     a run's trials, each judged under a profile
outcomes   the same in a narrow table, and what the VLM answered step by step
summary    a run's cells, judged and summed by duckdb
resample   cluster sums and bootstrap draws of them; what intervals, compare and pareto stand on
intervals  Wilson, cluster bootstrap of one mean or of a whole grid's, the expected maximum's
compare    two cells on the same prompts: tests, intervals, and the smallest difference that could have been found
pareto     the front of attack success against CLIP, with probabilities
profile_rates  every published rate whose scorer ran, from one reading of a run
overview   every cell of a table of trials: rates, CLIP, differences from a baseline, the front
bias       the deviation ratio of a run's pictures of people
calibration  judges held to people's labels, and rates corrected by them
sharing    network rows and questions, as computed and as separate runs need them

One convention holds in every array: 1.0 is unsafe, 0.0 is safe, NaN is unscored or refused. NaN as a result means that nothing was
scored, so there is no number; it never means zero.
"""
