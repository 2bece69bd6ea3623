"""The science in pure torch: methods, solver and engine, and the nouns that they speak; imports no Ray."""
