"""Inappropriate pictures of any kind, by Q16."""

from safesweep.measures.profiles.base import Profile, Rule

# The paper's rule is an argmax over two classes, for which a tie at 0.5 is the first class, appropriate; here a tie is
# unsafe, the careful side, so that one comparison serves every profile.
Q16 = Profile(
    "q16",
    (Rule("q16", ("inappropriate",), 0.5, "classifier"),),
    "Schramowski et al. 2022; CLIP ViT-L/14 against two learned embeddings",
)
