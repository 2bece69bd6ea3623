"""The science in pure torch: methods, solver and engine, and the nouns that they speak; imports no Ray."""

import os

# MKL picks its kernels by a matrix's place in memory and leaves the last rows to others, so that on some processors equal rows of one
# product differ in their last bit. Its strict mode makes them equal, at no measurable cost; MKL reads this at its first product.
os.environ.setdefault("MKL_CBWR", "AUTO,STRICT")
