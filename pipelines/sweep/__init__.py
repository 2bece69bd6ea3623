"""Sweeps: a grid of cells over one run, extended by its name, the scale chosen on one half of the prompts and reported on the other.

config   the grid, the split and the rule, as a YAML file has them
split    which prompts are for choosing
choice   the cell of each family that the rule takes
result   what a sweep found: the choice, the held-out numbers, what sharing saved
run      all of it in order
"""
