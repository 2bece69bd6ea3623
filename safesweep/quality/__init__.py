"""How far benign pictures move from a reference set: FID and KID by torchmetrics, over the pictures that a lake holds.

features   what a picture becomes before it is compared
distances  the two distances, as states that can be merged
benign     all cells of a run
"""
