"""Whether searches by estimates decide as those by embeddings, by what margin, and what they cost."""
