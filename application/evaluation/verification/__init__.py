"""1:1 comparisons: how often they err, on pairs of a protocol and on all pairs, by group."""
