"""The data flows: what is read, in which order it passes the actors, and into which table it goes."""
