"""Judges held to people's labels, and rates corrected by what the labels say of the judge. docs/calibration.md says which estimator when.

sample     which pictures are to be labelled: a seeded stratified draw, with its inclusion probabilities
truth      what several people said of a picture, as one verdict; how much they agree
groups     labelled pictures by the judge's verdict; draws of what is known of them
corrected  the truly unsafe share: by labels of these very pictures, or by sensitivity and specificity elsewhere (Rogan and Gladen)
accuracy   sensitivity, specificity, predictive values, kappa
domain     all of it for one part of a run
effective  as how many independent pictures some pictures are worth
"""

from safesweep.measures.calibration.accuracy import Accuracy
from safesweep.measures.calibration.corrected import own_labels, rogan_gladen
from safesweep.measures.calibration.domain import Domain, calibrate, make_groups
from safesweep.measures.calibration.groups import Groups
from safesweep.measures.calibration.truth import Agreement, agreements, truths

__all__ = [
    "Accuracy",
    "Agreement",
    "Domain",
    "Groups",
    "agreements",
    "calibrate",
    "make_groups",
    "own_labels",
    "rogan_gladen",
    "truths",
]
